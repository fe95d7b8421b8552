"""Which of NumPy's functions a recording follows, and how some of them are written down."""
import numpy as np

LOOKS = {"shape", "ndim", "size", "may_share_memory", "shares_memory", "result_type", "iscomplexobj", "isrealobj",
         "broadcast_shapes", "can_cast"}        # NumPy's functions that look at shapes and types alone
MAKERS = {"zeros", "ones", "full", "eye", "arange", "tri", "identity"}     # from Python numbers alone
LIKE = {"zeros_like", "ones_like", "empty_like"}
# NumPy's functions whose result has a shape that the arguments' shapes decide; others are not followed.
FOLLOWED = set("""
    sum prod max min amax amin any all mean var std average median ptp cumsum cumprod diff argmax argmin argsort sort
    nansum nanmean nanmax nanmin count_nonzero clip where round around real imag angle conj nan_to_num sinc interp
    reshape ravel transpose swapaxes moveaxis rollaxis expand_dims squeeze broadcast_to broadcast_arrays concatenate
    stack vstack hstack dstack column_stack split array_split hsplit vsplit dsplit tile roll flip flipud fliplr rot90
    atleast_1d atleast_2d atleast_3d pad tril triu diagonal diag trace copy take take_along_axis put_along_axis
    copyto fill_diagonal place putmask dot vdot inner outer matmul tensordot einsum kron cross linalg searchsorted
    zeros_like ones_like empty_like full_like full zeros ones eye arange tri identity allclose isclose array_equal
    array_equiv select choose digitize gradient trapezoid convolve correlate logspace linspace astype matrix_transpose
    inv solve det slogdet cholesky norm eigh eigvalsh eig eigvals qr svd svdvals pinv matrix_power multi_dot lstsq
    getitem repeat view flatten cumulative_sum cumulative_prod permute_dims concat
    """.split())

WITH_OUT = {np.mean, np.var, np.std, np.concatenate, np.stack, np.dot, np.argmax, np.argmin, np.cumsum, np.clip,
            *(getattr(np.ndarray, name) for name in "clip argmax argmin cumsum dot sum prod max min any all".split())}
EXACT = {np.add, np.subtract, np.multiply, np.divide, np.negative, np.square, np.sqrt, np.maximum, np.minimum,
         np.absolute, np.positive}          # one rounding by IEEE 754: the same bits wherever the result is written
COPIES = {np.ndarray.astype, np.ndarray.copy, np.copy}
RESHAPED = {np.ndarray.reshape, np.ndarray.ravel, np.ndarray.flatten, np.reshape, np.ravel}
COMPARISONS = {np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==",
               np.not_equal: "!="}


def filled_with(f, args, module):
    """[the number that f fills an array with], where it is zeros, ones or full of NumPy or module; [] for empty."""
    name = getattr(f, "__name__", "")
    if name not in ("zeros", "ones", "full", "empty") or f not in (getattr(np, name), getattr(module, name)):
        return None
    if name == "full":
        return [args[1]] if len(args) > 1 and type(args[1]) in (bool, int, float) else None
    return {"zeros": [0], "ones": [1], "empty": []}[name]
