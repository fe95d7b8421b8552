"""What the table says where calculus does not: at kinks and ties, at lengths of 0, with zeros among factors.

(inputs, params, expected gradients for a cotangent of ones), by op; each is a choice, written down here and checked.
"""
import numpy as np

ZEROS = [np.array([0.0])]
CONVENTIONS = {
    "abs": [(ZEROS, {}, [[0.0]])],
    "relu": [(ZEROS, {}, [[0.0]])],
    "leaky_relu": [(ZEROS, {"slope": 0.3}, [[0.3]])],
    "elu": [(ZEROS, {}, [[1.0]])],
    "sign": [([np.array([-2.0, 0.0, 3.0])], {}, [[0.0, 0, 0]])],
    "floor": [([np.array([-1.5, 2.0])], {}, [[0.0, 0]])],
    "ceil": [([np.array([-1.5, 2.0])], {}, [[0.0, 0]])],
    "maximum": [([np.array([1.0, 2, 5]), np.array([1.0, 3, 4])], {}, [[0.5, 0, 1], [0.5, 1, 0]])],
    "minimum": [([np.array([1.0, 2, 5]), np.array([1.0, 3, 4])], {}, [[0.5, 1, 0], [0.5, 0, 1]])],
    "max": [([np.array([[3.0, 1, 3]])], {"axis": 1}, [[[0.5, 0, 0.5]]])],
    "min": [([np.array([[1.0, 3, 1]])], {"axis": 1}, [[[0.5, 0, 0.5]]])],
    "clip": [([np.array([-1.0, 0.5, 1.0])], {"min": -1, "max": 0.75}, [[1.0, 1, 0]])],
    "norm": [([np.array([[0.0, 0], [3, 4]])], {"axis": 1}, [[[0.0, 0], [0.6, 0.8]]])],
    "std": [([np.array([[2.0, 2], [1, 3]])], {"axis": 1}, [[[0.0, 0], [-0.5, 0.5]]])],
    "prod": [([np.array([[0.0, 2, 3], [0, 0, 3], [1, 2, 4]])], {"axis": 1}, [[[6.0, 0, 0], [0, 0, 0], [8, 4, 2]]]),
             ([np.arange(8.0).reshape(2, 2, 2)], {"axis": (0, 2)}, [[[[20.0, 0], [126, 84]], [[0, 0], [42, 36]]]])],
    "max_pool2d": [([np.array([[1.0, 1], [0, 1]]).reshape(1, 2, 2, 1)], {"pool_size": 2},
                    [np.array([[1, 1], [0, 1]]).reshape(1, 2, 2, 1) / 3])],
    "sort": [([np.array([2.0, 1, 2])], {}, [[1.0, 1, 1]])],
    "power": [([np.array([0.0, 0, 0]), np.array([0.0, 1, 2])], {}, [[0.0, 1, 0], [0, 0, 0]])],
}
