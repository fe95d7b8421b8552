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
VALUES = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "BINFLOAT", "FLOAT", "STRING", "BINSTRING",
          "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
          "BINBYTES8", "BYTEARRAY8"}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


class Named:
    """A name that stands for a NumPy array or dtype which is not complete yet."""

    def __init__(self, kind, about=None):
        self.kind, self.value = kind, about


def from_tokens(data, source):
    """What a pickle describes: numbers, texts, bytes, lists, tuples, dicts, and NumPy arrays of numbers."""
    stack, memo = [], {}

    def since_mark():
        place = len(stack) - 1 - stack[::-1].index(MARK)
        items = stack[place + 1:]
        del stack[place:]
        return items

    def pop(count=1):
        items = stack[-count:]
        del stack[-count:]
        return items
    try:
        for opcode, argument, _ in pickletools.genops(data):
            name = opcode.name
            if name in VALUES:
                stack.append(argument)
            elif name in CONSTANTS:
                stack.append(CONSTANTS[name])
            elif name in ("PROTO", "FRAME"):
                pass
            elif name == "MARK":
                stack.append(MARK)
            elif name in ("EMPTY_LIST", "EMPTY_TUPLE", "EMPTY_DICT"):
                stack.append({"L": list, "T": tuple, "D": dict}[name[6]]())
            elif name in ("LIST", "TUPLE"):
                stack.append((list if name == "LIST" else tuple)(since_mark()))
            elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
                stack.append(tuple(pop(int(name[-1]))))
            elif name == "APPEND":
                item, = pop()
                stack[-1].append(item)
            elif name == "APPENDS":
                items = since_mark()
                stack[-1].extend(items)
            elif name in ("DICT", "SETITEM", "SETITEMS"):
                items = pop(2) if name == "SETITEM" else since_mark()
                if name == "DICT":
                    stack.append({})
                stack[-1].update(zip(items[::2], items[1::2]))
            elif name in ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"):
                memo[len(memo) if name == "MEMOIZE" else argument] = stack[-1]
            elif name in ("GET", "BINGET", "LONG_BINGET"):
                stack.append(memo[argument])
            elif name == "GLOBAL":
                stack.append(tuple(argument.split(" ")))
            elif name == "STACK_GLOBAL":
                stack.append(tuple(pop(2)))
            elif name == "REDUCE":
                called, arguments = pop(2)
                stack.append(_made(called, arguments))
            elif name == "BUILD":
                state, = pop()
                _complete(stack[-1], state)
            elif name == "STOP":
                return _values(stack.pop(), {})
            else:
                raise ValueError(f"it does more than describe data ({name})")
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
