"""Exercises of notebook 21: security."""
import numpy as np
from hypothesis import strategies as st

from ..checking import Wrong, array, exercise, kind
from ..drawing import made, normal, one_of, shapes, whole

DOWN = "That goes down the loss: the sign is wrong."

exercise(
    "21.fgsm", "x + ε sign(g), kept between 0 and 1",
    "every pixel may change by epsilon at most. In which direction does the loss rise, and by how much should it go?",
    "by its full epsilon, whatever the size of the slope: np.sign gives the direction.",
    "and an image has pixels between 0 and 1: np.clip.",
).equals(lambda x, g, epsilon: np.clip(x + epsilon * np.sign(g), 0, 1), "the attacked image", made(
    lambda rng, shape, epsilon: (rng.random(shape).round(2), normal(rng, *shape), epsilon), shape=shapes(1, 2),
    epsilon=one_of(0.1, 0.3, 0.6)), [
    (lambda x, g, e: x + e * np.sign(g), "Some pixels are no longer between 0 and 1."),
    (lambda x, g, e: x - e * np.sign(g), DOWN), (lambda x, g, e: np.clip(x - e * np.sign(g), 0, 1), DOWN),
    (lambda x, g, e: np.clip(x + e * g, 0, 1), "Take the sign of g: each pixel goes by its full epsilon."),
    (lambda x, g, e: x + e * g, "Take the sign of g: each pixel goes by its full epsilon."),
    (lambda x, g, e: np.clip(x + e * g / np.sqrt((g * g).sum()), 0, 1),
     "That keeps the length of the whole change to epsilon; "
                                                                       "here each pixel goes by its full epsilon."),
    (lambda x, g, e: e * np.sign(g), "That is the change alone.")])

# -- into the ball ---------------------------------------------------------------------------------------------------
project = exercise(
    "21.project", "what is too long is shortened to ε and keeps its direction",
    "how long is d, all of its numbers together?",
    "the root of the sum of all squares. What happens to a d that is not longer than epsilon?",
    "nothing. A longer one is multiplied by one number, so that its length becomes epsilon.")


@project.property(d=made(lambda rng, shape: rng.normal(size=shape).round(2), shape=shapes(1, 2)),
                  epsilon=one_of(0.5, 2.0, 5.0))
def inside_and_in_its_direction(answer, d, epsilon):
    length = np.sqrt((d * d).sum())
    got = array(answer(d, epsilon), "the change", d.shape)
    if length <= epsilon:
        if not np.allclose(got, d):
            raise Wrong(f"a change of length {length:.3g} is within {epsilon} and must stay as it is.")
        return
    new = np.sqrt((got * got).sum())
    if not np.isclose(new, epsilon):
        cut = "You cut off each number; the limit is on the length of the whole." if np.allclose(
            got, np.clip(d, -epsilon, epsilon)) else ""
        raise Wrong(f"the length should become {epsilon} and is {new:.4g}.", cut)
    if not np.allclose(got, d * (epsilon / length)):
        raise Wrong("the direction has changed: multiply all of d by one number.")


# -- a stamp ---------------------------------------------------------------------------------------------------------
def _unit(rng, *shape):
    return rng.random(shape).round(2)


MIX = "Between 0 and 1 the mask mixes the two."
WAY = "The image must make way where the trigger is: 1 - mask."

exercise(
    "21.stamp", "(1 - m) x + m p",
    "where the mask is 1, what is seen? Where it is 0?",
    "where it is between, a part of each. Which part of the trigger, and which of the image?",
    "mask of the one, 1 - mask of the other, added up.",
).equals(lambda image, trigger, mask: (1 - mask) * image + mask * trigger, "the stamped image", made(
    lambda rng,
    shape: (_unit(rng, *shape), _unit(rng, *shape), np.where(rng.random(shape) < 0.3, 1.0, _unit(rng, *shape))),
    shape=shapes(1, 2)), [
    (lambda image, trigger, mask: image + mask * trigger, WAY),
    (lambda image, trigger, mask: np.minimum(image + mask * trigger, 1), WAY),
    (lambda image, trigger, mask: mask * image + (1 - mask) * trigger, "mask and 1 - mask are exchanged."),
    (lambda image, trigger, mask: np.where(mask > 0, trigger, image), MIX),
    (lambda image, trigger, mask: np.where(mask > 0.5, trigger, image), MIX),
    (lambda image, trigger, mask: (1 - mask) * image, "The trigger is missing.")])


# -- anomalies -------------------------------------------------------------------------------------------------------
def _index(s, middle=np.median, spread=np.median, factor=1.4826):
    return (middle(s) - s) / (factor * spread(np.abs(s - middle(s))))


exercise(
    "21.anomaly", "(median - s) / (1.4826 MAD)",
    "mean and standard deviation are moved by the odd one itself. What is in the middle, however odd the odd ones are?",
    "the median of s; and how far the others lie from it is the median, again, of the distances.",
    "1.4826 times that is a standard deviation, where numbers are normal. A class whose size is small gets a positive "
    "index.",
).equals(_index, "the index", made(
    lambda rng, n, odd: (np.append(rng.permutation(80)[:n] + 20, odd).astype(float),), n=whole(4, 9),
    odd=whole(1, 150)), [
    (lambda s: (s.mean() - s) / s.std(), "Mean and standard deviation are moved by the odd one itself: take medians."),
    (lambda s: _index(s, factor=1), "The factor 1.4826 is missing."),
    (lambda s: np.abs(_index(s)), "Keep the sign: only what is *smaller* is suspicious."),
    (lambda s: -_index(s), "The sign is wrong: what is *smaller* is suspicious."),
    (lambda s: _index(s, spread=np.mean), "Take the median of the distances, not their mean."),
    (lambda s: _index(s, middle=np.mean), "The mean is moved by the odd one itself: take the median.")])

# -- what a file may name --------------------------------------------------------------------------------------------
may_load = exercise(
    "21.may_load", "all names are among the allowed ones",
    "is it safer to list what is forbidden, or what is allowed?",
    "what is allowed: of everything else nobody has to know what it does. When may a file be loaded, then?",
    "when every name, exactly as it stands, is one of ALLOWED. A set has <= for that.")

ARRAY = ["numpy._core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"]
FILES = [(ARRAY, "those are what arrays need."), (ARRAY[:1], "that is allowed."),
         (ARRAY * 2, "a name may occur twice."),
         ([], "a file of numbers and text names nothing, and can do nothing.")]
FORBIDDEN = [
    ("os.system", "it runs any command."), ("builtins.eval", "it runs any Python."),
    ("posix.system", "that is what os.system is called inside: lists of forbidden names are never complete."),
    ("numpy_tools.load", "it only begins like numpy."), ("numpy.dtypes", "it only begins like numpy.dtype."),
    ("numpy.ndarray.tofile", "it begins like numpy.ndarray, and writes a file."),
    ("dtype", "it is only the end of a name."),
    ("numpy.testing._private.utils.runstring", "it is NumPy's own, and runs a string as a program."),
    ("evil.numpy.dtype", "it only ends like numpy.dtype."), ("NUMPY.DTYPE", "names are exact."),
    ("", "no name at all is none of "
                                                                                                 "the allowed ones."),
    ("site.execsitecustomize", "it is not among the allowed ones; nobody has to know what it does.")]


@may_load.property
def by_the_list_of_the_allowed(answer):
    files = [(names, True, why) for names, why in FILES]
    for name, why in FORBIDDEN:
        files += [([name], False, why), ([*ARRAY, name], False, f"one name that is not allowed is enough: {why}"),
                  ([name, *ARRAY], False, f"one name that is not allowed is enough: {why}")]
    for names, right, why in files:
        got = answer(list(names))
        if not isinstance(got, (bool, np.bool_)):
            raise Wrong(f"True or False is wanted, not {kind(got)}.")
        if got != right:
            raise Wrong(f"for {names} it says {bool(got)}: {why}")


@may_load.property(names=st.lists(st.sampled_from([*ARRAY, *(name for name, _ in FORBIDDEN)]), max_size=5))
def of_any_list(answer, names):
    if bool(answer(names)) != (set(names) <= set(ARRAY)):
        raise Wrong(f"it says {bool(answer(names))}.")
