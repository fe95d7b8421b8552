"""Where a recorded call comes from: which op, of which layer, forward or backward, and from which line of the reader's.

Python's stack tells: no op, rule or layer needs to say it.
"""
import functools
from dataclasses import dataclass
from pathlib import Path

from .current import StandIn

PACKAGE = str(Path(__file__).parent.parent.parent)
NOT_THE_READERS = (PACKAGE, "<frozen")


@dataclass(frozen=True)
class Origin:
    """op: its name.  layer: the way to it, layers.0.  line: file.py:12.  target: in backward, whose cotangent it is."""
    op: str = ""
    layer: str = ""
    backward: bool = False
    line: str = ""
    target: str = ""

    def __str__(self):
        return ", ".join(part for part in (self.op, "backward" if self.backward else "", self.layer, self.line) if part)


@functools.cache
def name_of(file):
    """How a file is called if it is the reader's, not minigrad's or NumPy's, else ""; the cell of a notebook: cell."""
    if file.startswith(NOT_THE_READERS) or "/numpy/" in file:
        return ""
    path = Path(file)
    return "cell" if path.parent.name.startswith("ipykernel") else path.name or "code"


def is_readers(frame):
    """Whether a frame runs code of the reader."""
    return name_of(frame.f_code.co_filename) != ""


def line_of(frame):
    """Its file and line: net.py:12."""
    return f"{name_of(frame.f_code.co_filename)}:{frame.f_lineno}"


def reader_line(frame):
    """The innermost line of the reader's code: file.py:12."""
    while frame is not None and not is_readers(frame):
        frame = frame.f_back
    return line_of(frame) if frame else "an unknown line"


def origin_here(frame, recorder):
    """The Origin of a call that is made now."""
    op = layer = target = line = ""
    backward, came_from = False, None
    while frame is not None:
        code = frame.f_code
        name = code.co_name
        if name_of(code.co_filename):
            line = line_of(frame)
            break
        if name in ("step_back", "rules_for"):              # the latter calls a joint rule, of all inputs
            known = frame.f_locals
            t, i = known.get("t"), known.get("i")
            node = t.node
            op, backward = node.op.name, True
            came_from = getattr(getattr(t, "_data", None), "memory", None)
            x = node.inputs[i] if i is not None and not node.op.joint else None
            x = getattr(x, "_data", None)
            target = recorder.name_of(x.part) if isinstance(x, StandIn) else ""
        elif name in ("__call__", "call"):
            own = frame.f_locals.get("self")
            if name == "__call__" and hasattr(own, "rules") and hasattr(own, "vjp") and not backward:
                op = own.name
            elif not layer and own is not None and id(own) in recorder.state.paths and hasattr(own, "sublayers"):
                layer = recorder.state.paths[id(own)]
        frame = frame.f_back
    if came_from is not None and came_from.origin is not None:
        layer, line = came_from.origin.layer or layer, came_from.origin.line or line
    return Origin(recorder.label or op, layer, backward, line, target)
