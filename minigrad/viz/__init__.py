"""Pictures: computation graphs, learning curves, predictions, activations through depth.

    curves          learning curves, activation functions, histograms through depth
    predictions     single predictions, confusion matrix, the report of a training
    images          images, filters, feature maps, attention
    planes          decision boundaries, descent on a loss surface
    graph, film     the computation graph of a tensor; its forward and backward pass step by step
    frames          a picture for each of several values, behind a slider

Graphs are SVG.  The others return a matplotlib Figure with a description in words, fig.alt: `save` writes it as PNG,
`show` puts it into a notebook with that description as alt text.  matplotlib is imported when the first is drawn.
"""
from . import style
from .curves import activation_curves, depth_histograms, learning_curves
from .film import steps
from .frames import slider
from .graph import graph
from .images import attention_maps, draw_image, feature_maps, filters, image_grid
from .planes import decision_boundary, descent, descent_film
from .predictions import confusion_matrix, predictions, training_report
from .style import save, show

__all__ = ["activation_curves", "attention_maps", "confusion_matrix", "decision_boundary", "depth_histograms",
           "descent", "descent_film", "draw_image", "feature_maps", "filters", "graph", "image_grid", "learning_curves",
           "predictions", "save", "show", "slider", "steps", "style", "training_report"]
