"""Numbers, texts, lists and arrays out of pickle files, read token by token: nothing is imported, nothing called.

Some old data sets come as pickles: lists of words, images with their labels.  pickletools splits such a file into its
tokens, and from_tokens builds what they describe if that is data; for anything else it is a Failure.
"""
import io
import pickletools
import zipfile

import numpy as np

from ..support.arguments import shown
from ..support.errors import Failure

MARK = object()
BUFFER = {("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer")}
ARRAY = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}


class Named:
    """A name that stands for a NumPy array or dtype which is not complete yet."""

    def __init__(self, kind, about=None):
        self.kind, self.value = kind, about


class Stack:
    """What the tokens of a pickle work on: a list that grows and shrinks at its end, and a memo of what comes again."""

    def __init__(self):
        self.items, self.memo = [], {}

    def push(self, value):
        self.items.append(value)

    def pop(self, count=1):
        last = self.items[-count:]
        del self.items[-count:]
        return last

    def since_mark(self):
        place = len(self.items) - 1 - self.items[::-1].index(MARK)
        last = self.items[place + 1:]
        del self.items[place:]
        return last

    def extend(self, items):
        self.items[-1].extend(items)

    def update(self, items):
        self.items[-1].update(_pairs(items))

    def remember(self, place):
        self.memo[len(self.memo) if place is None else place] = self.items[-1]


def _pairs(items):
    """A dict of keys and values in turn."""
    return dict(zip(items[::2], items[1::2]))


# name of a token: what it does, with the Stack and the token's argument (None where it has none)
TOKENS = {
    **dict.fromkeys("""INT BININT BININT1 BININT2 LONG LONG1 LONG4 BINFLOAT FLOAT STRING BINSTRING SHORT_BINSTRING
        UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8""".split(),
                    Stack.push),
    **dict.fromkeys(("PROTO", "FRAME"), lambda s, _: None),
    "NONE": lambda s, _: s.push(None), "NEWTRUE": lambda s, _: s.push(True), "NEWFALSE": lambda s, _: s.push(False),
    "MARK": lambda s, _: s.push(MARK),
    "EMPTY_LIST": lambda s, _: s.push([]), "LIST": lambda s, _: s.push(s.since_mark()),
    "EMPTY_TUPLE": lambda s, _: s.push(()), "TUPLE": lambda s, _: s.push(tuple(s.since_mark())),
    "TUPLE1": lambda s, _: s.push(tuple(s.pop())), "TUPLE2": lambda s, _: s.push(tuple(s.pop(2))),
    "TUPLE3": lambda s, _: s.push(tuple(s.pop(3))),
    "EMPTY_DICT": lambda s, _: s.push({}), "DICT": lambda s, _: s.push(_pairs(s.since_mark())),
    "APPEND": lambda s, _: s.extend(s.pop()), "APPENDS": lambda s, _: s.extend(s.since_mark()),
    "SETITEM": lambda s, _: s.update(s.pop(2)), "SETITEMS": lambda s, _: s.update(s.since_mark()),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), Stack.remember),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda s, place: s.push(s.memo[place])),
    "GLOBAL": lambda s, names: s.push(tuple(names.split(" "))), "STACK_GLOBAL": lambda s, _: s.push(tuple(s.pop(2))),
    "REDUCE": lambda s, _: s.push(_made(*s.pop(2))),
    "BUILD": lambda s, _: _complete(s.items[-2], *s.pop()),
}


def from_tokens(data, source):
    """What a pickle describes: numbers, texts, bytes, lists, tuples, dicts, and NumPy arrays of numbers."""
    stack = Stack()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return _values(stack.items.pop(), {})
            if opcode.name not in TOKENS:
                raise ValueError(f"it does more than describe data ({opcode.name})")
            TOKENS[opcode.name](stack, argument)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Failure(f"{source} is damaged, or no data alone: {error}") from error
    raise Failure(f"{source} is damaged: it has no end")


def _made(called, arguments):
    if called in ARRAY:
        return Named("array")
    if called in BUFFER:                    # protocol 5
        content, dtype, shape, order = arguments
        return Named("array", np.frombuffer(content, dtype.value).reshape(shape, order=order))
    if called == ("numpy", "dtype"):
        return Named("dtype", np.dtype(arguments[0]))
    if called == ("_codecs", "encode"):
        return arguments[0].encode("latin-1")
    raise ValueError(f"it calls {shown(called)}")


def _complete(named, state):
    if named.kind == "array":
        _, shape, dtype, fortran, content = state
        if isinstance(content, list):       # an array of objects
            array = np.empty(len(content), object)
            array[:] = content
            named.value = array.reshape(shape)
            return
        content = content.encode("latin-1") if isinstance(content, str) else content
        named.value = np.frombuffer(content, dtype.value).reshape(shape, order="F" if fortran else "C")
    elif state[1] in ("<", ">") and named.value.kind in "iuf":
        named.value = named.value.newbyteorder(state[1])


def _values(tree, done):
    """tree with the values of what is Named in it; done has what was met before, for a part may be named often."""
    if isinstance(tree, Named):
        return tree.value
    if id(tree) not in done and isinstance(tree, dict):
        done[id(tree)] = {key: _values(value, done) for key, value in tree.items()}
    elif id(tree) not in done and isinstance(tree, (list, tuple)) and any(
            isinstance(v, (Named, list, tuple, dict)) for v in tree):
        done[id(tree)] = type(tree)(_values(value, done) for value in tree)
    return done.get(id(tree), tree)


def read_npz(path):
    """{name: array} of an npz file, arrays of objects as from_tokens reads them."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            data = io.BytesIO(archive.read(entry))
            version = np.lib.format.read_magic(data)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(data)
            if not dtype.hasobject:
                data.seek(0)
                arrays[entry.removesuffix(".npy")] = np.lib.format.read_array(data, allow_pickle=False)
                continue
            found = from_tokens(data.read(), f"{path}, {entry}")
            arrays[entry.removesuffix(".npy")] = np.asarray(found, object).reshape(shape)
    return arrays
