"""Attributes that a layer may lack.  Python looks for them here only where the layer itself has none of the name.

A method __getattr__ would do the same, but in a class that has one every look at any attribute takes longer.
"""


class SetByInit:
    """What Layer.__init__ sets: a class whose own __init__ does not call that one hears of it."""

    def __get__(self, layer, kind=None):
        raise AttributeError(f"{kind.__name__}.__init__ has to call super().__init__() first")


class End:
    """layer.input and layer.output: the symbols that it was called with, and what that gave (layer._ends())."""

    def __set_name__(self, kind, name):
        self.name = name

    def __get__(self, layer, kind=None):
        ends = None if layer is None else layer._ends()
        if ends:
            return ends[self.name == "output"]
        raise AttributeError(f"{kind.__name__!r} object has no attribute {self.name!r}: it has not been called with "
                             "what Input(...) returns")
