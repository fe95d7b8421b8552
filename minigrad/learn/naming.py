"""For exercises: name a mistake by what it computes, on an input that tells all of them apart."""
import numpy as np

from .checking import Wrong, call, same


def compare(answer, inputs, expected, what, telling, mistakes):
    """Wrong unless answer(*inputs) is expected (NotDone if it is None); a known mistake is named.

    telling     inputs on which each mistake gives another result: the smallest wrong input may not tell
    mistakes    [(function of the inputs that computes what a mistaken answer does, words to add)]
    """
    got = call(answer, *inputs)
    try:
        same(got, expected, what)
    except Wrong as wrong:
        try:
            shown = np.asarray(answer(*telling), float)
        except Exception:                   # the smaller input has told enough
            raise wrong from None
        known = ((np.asarray(f(*telling), float), words) for f, words in mistakes)
        words = next((words for value, words in known if value.shape == shown.shape and np.allclose(shown, value)), "")
        raise Wrong(f"{wrong} {words}".strip()) from None
