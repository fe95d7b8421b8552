"""Names of layers, of their parts and of their weights."""
import inspect
import itertools
import re

from ...support.arguments import shown

_numbers = {}                               # how many layers of each class got an automatic name: {"dense": counter}


def automatic(kind):
    """The name of the next layer of a class: dense, dense_1, ..."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind.__name__).lower()
    number = next(_numbers.setdefault(name, itertools.count()))
    return f"{name}_{number}" if number else name


def restart_names():
    """Number automatic names from the beginning again."""
    _numbers.clear()


def name_weight(weight, name, layer):
    """Give a weight its name, and its path through its layer, unless it has some: a shared one keeps its first."""
    if not hasattr(weight, "name"):
        weight.name, weight.path = name, f"{vars(layer).get('name') or type(layer).__name__}/{name}"


def check_free(layer, name, value, parts):
    """AttributeError if a part of a layer, as a user names it, would take the place of what all layers have.

    parts(value, name) are the layers and tensors in value.
    """
    base, own = (inspect.getattr_static(kind, name) for kind in (layer._base, type(layer)))
    fixed, method = isinstance(base, property) and base.fset is None, callable(getattr(layer._base, name))
    if own is base and (fixed or method and isinstance(value, (list, tuple, dict)) or any(parts(value, name))):
        kind = "a method" if method else "a property" if isinstance(base, property) else "an attribute"
        raise AttributeError(f"{type(layer).__name__}: self.{name} can't be set to {shown(value)}: it is {kind} of "
                             f"every {layer._base.__name__}; choose another name, such as self.my_{name}")
