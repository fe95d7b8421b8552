"""What a pickled file would do.  A pickle is a program: loading it calls whatever functions it names.

minigrad reads and writes none: a model's numbers are in safetensors files, which hold shapes and numbers, and its
form is JSON, which may name minigrad's own classes alone (serialization.py).
"""
import io
import pickle

from ...support.explaining import explained


class _Inert:
    """Stands for everything that a pickle names: takes any call, any state, any item, and does nothing."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return _Inert()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def append(self, value):
        pass

    def extend(self, values):
        pass


class _Reader(pickle.Unpickler):
    def __init__(self, data):
        super().__init__(io.BytesIO(data))
        self.named = []

    def find_class(self, module, name):
        self.named.append(f"{module}.{name}")
        return _Inert

    def persistent_load(self, identity):
        return _Inert()


@explained
def imports_of(data):
    """The functions and classes that loading this pickle would import and may call: ["posix.system", ...], in order.

    data    the file's bytes.  Nothing that it names is imported or called here.  Numbers and text alone give [];
            NumPy's arrays name NumPy's own functions; any other name is code of the file's maker's choice.
    Raises ValueError if the bytes are no whole pickle.
    """
    reader = _Reader(data)
    try:
        reader.load()
    except Exception as error:              # Unpickler raises nearly anything on bytes that are no pickle
        raise ValueError(f"this is not a pickle that can be read to its end ({error}); "
                         f"up to there it names {', '.join(reader.named) or 'nothing'}") from error
    return list(dict.fromkeys(reader.named))
