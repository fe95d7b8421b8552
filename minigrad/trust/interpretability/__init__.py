"""What a network looks at: methods that explain an answer, and the tests that an explanation has to pass.

    saliency        which inputs: saliency, integrated gradients, SmoothGrad, guided backpropagation
    inside          which places: Grad-CAM; what a layer holds: activations, linear probes
    rollout         which words: attention rollout
    permutation     which columns of a table: permutation importance
    sanity          does the explanation depend on what was learned?  the randomisation test
    overlays        an explanation laid over the image that it explains

An explanation is a claim about a network.  Each method states here the property that makes it one, and the formula.
"""
from .inside import activations, grad_cam, linear_probe
from .overlays import overlay
from .permutation import permutation_importance
from .rollout import attention_rollout
from .saliency import guided_backpropagation, integrated_gradients, saliency, smooth_grad
from .sanity import randomisation_test, rank_correlation, shuffled

__all__ = ["activations", "attention_rollout", "grad_cam", "guided_backpropagation", "integrated_gradients",
           "linear_probe", "overlay", "permutation_importance", "randomisation_test", "rank_correlation", "saliency",
           "shuffled", "smooth_grad"]
