"""Exercises of notebook 21: security."""
import numpy as np

from ..checking import NotDone, Wrong, call, exercise, for_all, same


def _random(*shape, low=None):
    """Arrays of this shape, by a seed: few digits, so that they can be shown; uniform from 0 to 1, or normal."""
    from hypothesis import strategies as st

    def draw(seed):
        rng = np.random.default_rng(seed)
        return (rng.normal(size=shape) if low is None else rng.random(shape)).round(2)
    return st.integers(0, 9999).map(draw)


fgsm = exercise("21.fgsm", "x + ε sign(g), kept between 0 and 1",
                "np.sign gives the direction of each pixel's slope; np.clip(..., 0, 1) keeps pixels valid.")


@fgsm.property
def _(answer):
    from hypothesis import strategies as st

    def property(x, g, epsilon):
        step = epsilon * np.sign(g)
        got = call(answer, x.copy(), g.copy(), epsilon)
        same(got, np.clip(x + step, 0, 1), "the attacked image", guesses=(
            (x + step, "Some pixels are no longer between 0 and 1."),
            (x - step, "That goes down the loss."), (np.clip(x - step, 0, 1), "That goes down the loss."),
            (np.clip(x + epsilon * g, 0, 1), "Take the sign of g: each pixel goes by its full epsilon."),
            (x + epsilon * g, "Take the sign of g: each pixel goes by its full epsilon."),
            (step, "That is the change alone.")))
    for_all(property, x=_random(5, low=0), g=_random(5), epsilon=st.sampled_from([0.1, 0.3]))


project = exercise("21.project", "what is too long is shortened to ε and keeps its direction",
                   "length = np.sqrt((d * d).sum()); if it is more than epsilon, d * (epsilon / length).")


@project.property
def _(answer):
    from hypothesis import strategies as st

    def property(d, epsilon):
        length = np.sqrt((d * d).sum())
        got = np.asarray(call(answer, d.copy(), epsilon))
        if got.shape != d.shape:
            raise Wrong(f"the shape is {got.shape}, expected {d.shape}.")
        if length <= epsilon:
            if not np.allclose(got, d):
                raise Wrong(f"a change of length {length:.3g} is within {epsilon} and must stay as it is.")
            return
        new = np.sqrt((got * got).sum())
        if not np.isclose(new, epsilon):
            cut = " You cut off each number; the limit is on the length of the whole." if np.allclose(
                got, np.clip(d, -epsilon, epsilon)) else ""
            raise Wrong(f"the length should become {epsilon} and is {new:.4g}.{cut}")
        if not np.allclose(got, d * (epsilon / length)):
            raise Wrong("the direction has changed: multiply all of d by one number.")
    for_all(property, d=_random(2, 3), epsilon=st.sampled_from([0.5, 2.0, 5.0]))


stamp = exercise("21.stamp", "(1 - m) x + m p", "one part of the image, 1 - mask, and one of the trigger, mask.")


@stamp.property
def _(answer):
    def property(image, trigger, mask):
        got = call(answer, image.copy(), trigger.copy(), mask.copy())
        same(got, (1 - mask) * image + mask * trigger, "the stamped image", guesses=(
            (image + mask * trigger, "The image must make way where the trigger is: 1 - mask."),
            (np.minimum(image + mask * trigger, 1), "The image must make way where the trigger is: 1 - mask."),
            (mask * image + (1 - mask) * trigger, "mask and 1 - mask are exchanged."),
            (np.where(mask > 0, trigger, image), "Between 0 and 1 the mask mixes the two."),
            (np.where(mask > 0.5, trigger, image), "Between 0 and 1 the mask mixes the two.")))
    for_all(property, image=_random(2, 3, low=0), trigger=_random(2, 3, low=0), mask=_random(2, 3, low=0))


anomaly = exercise("21.anomaly", "(median - s) / (1.4826 MAD)",
                   "np.median twice: of s, and of the distances np.abs(s - median).")


@anomaly.property
def _(answer):
    from hypothesis import strategies as st

    def property(sizes, odd):
        s = np.array(sizes, float)
        s[0] = odd
        median = np.median(s)
        deviation = np.median(np.abs(s - median))
        got = call(answer, s.copy())
        same(got, (median - s) / (1.4826 * deviation), "the index", guesses=(
            ((s.mean() - s) / s.std(), "Mean and standard deviation are moved by the odd one itself: take medians."),
            ((median - s) / deviation, "The factor 1.4826 is missing."),
            (np.abs(s - median) / (1.4826 * deviation), "Keep the sign: only what is *smaller* is suspicious."),
            ((median - s) / (1.4826 * np.abs(s - median).mean()), "Take the median of the distances, not their mean.")))
    for_all(property, sizes=st.lists(st.integers(20, 99), min_size=7, max_size=10, unique=True), odd=st.integers(1, 15))


may_load = exercise("21.may_load", "all names are among the allowed ones",
                    "set(names) <= ALLOWED: every name is known to be harmless.")

ARRAY = ["numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"]


@may_load.property
def _(answer):
    for names, right, why in (
            (ARRAY, True, "those are what arrays need."),
            ([], True, "a file of numbers and text names nothing, and can do nothing."),
            (["os.system"], False, "it runs any command."),
            (["posix.system"], False,
             "that is what os.system is called inside: lists of forbidden names are never complete."),
            (["builtins.eval"], False, "it runs any Python."),
            ([*ARRAY, "posix.mkdir"], False, "one name that is not allowed is enough."),
            (["numpy_tools.load"], False, "it only begins like numpy."),
            (["numpy.testing._private.utils.runstring"], False, "it is NumPy's own, and runs a string as a program."),
            (["site.execsitecustomize"], False, "it is not among the allowed ones; nobody has to know what it does.")):
        got = answer(list(names))
        if got is None or got is ...:
            raise NotDone
        if not isinstance(got, (bool, np.bool_)):
            raise Wrong(f"True or False is wanted, not {got!r}.")
        if got != right:
            raise Wrong(f"for {names} it says {bool(got)}: {why}")
