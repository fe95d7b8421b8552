"""Pictures: computation graphs, learning curves, predictions, activations through depth.

Functions return a matplotlib Figure with a description in words, fig.alt; `save` writes it as PNG, `show` puts it into a
notebook with that description as alt text.  matplotlib is imported when the first picture is drawn.
"""
from . import style
from .curves import activation_curves, depth_histograms, learning_curves
from .film import steps
from .graph import graph
from .pictures import confusion_matrix, image_grid, predictions, training_report
from .planes import decision_boundary, descent, descent_film
from .style import save, show

__all__ = ["activation_curves", "confusion_matrix", "decision_boundary", "depth_histograms", "descent", "descent_film", "graph",
           "image_grid", "learning_curves", "predictions", "save", "show", "steps", "style", "training_report"]
