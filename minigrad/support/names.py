"""What initializers, losses, metrics, optimizers and schedules share: being found by name, and being written down."""
import difflib
import inspect
import re
import sys

from .arguments import shown
from .meanings import Checked


def public(name):
    """The public module mg.<name>, which minigrad/__init__.py knows and loads: public("distributed").

    So a room can use what lies above it without importing its files: by the name that users have for it.
    """
    return getattr(sys.modules[__name__.partition(".")[0]], name)


def find(kind, table, name):
    """The entry of a table with this name, whatever its case and underscores: "GlorotUniform" is "glorot_uniform".

    ValueError for an unknown one: its message suggests the nearest, and lists the known names, up to 200 letters.
    """
    entries = {_plain(known): entry for known, entry in table.items()}
    key = _plain(name) if isinstance(name, str) else None
    if key in entries:
        return entries[key]
    spelled = {_plain(known): known for known in table}
    near = [spelled[k] for k in difflib.get_close_matches(key or "", spelled, n=3)]
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    known = ", ".join(sorted(table))
    if len(known) > 200:
        known = f"{known[:known.rindex(',', 0, 200)]}, ... ({len(table)} in all)"
    raise ValueError(f"unknown {kind} {shown(name)}: {hint}known are {known}")


def made(kind, table, identifier):
    """An object of a class in a table, from its name or class; anything that can be called is itself."""
    if isinstance(identifier, type):
        return identifier()
    return identifier if callable(identifier) else find(kind, table, identifier)()


def _plain(name):
    return name.lower().replace("_", "")


def snake_case(name):
    """"MeanSquaredError" -> "mean_squared_error", "AUC" -> "auc"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Configured(Checked):
    """An object that can be made again from its configuration: it keeps the arguments of __init__ under their names."""

    def get_config(self):
        """The arguments that this object was made with: {name: value}."""
        return {name: getattr(self, name) for name in defaults_of(type(self))}

    @classmethod
    def from_config(cls, config):
        """A new object from what get_config returned."""
        return cls(**config)

    def __repr__(self):
        defaults = defaults_of(type(self))
        chosen = [f"{name}={value!r}" for name, value in self.get_config().items() if value != defaults.get(name)]
        return f"{type(self).__name__}({', '.join(chosen)})"


def defaults_of(cls):
    """{argument of __init__: its default}; where __init__ ends in **kwargs, with those of the base class."""
    defaults = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = list(inspect.signature(base.__init__).parameters.values())[1:]
            defaults = {p.name: p.default for p in parameters if p.kind is not p.VAR_KEYWORD} | defaults
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return defaults
