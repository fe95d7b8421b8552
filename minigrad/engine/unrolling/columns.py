"""Lines of code with their notes beside them, at most 120 columns wide."""
import textwrap

from .naming import kind_of

WIDE, BESIDE = 120, 52                      # columns of all, and where notes begin at the latest


def note(of, usual):
    """What stands beside a line: words as they are; of a call (shape, dtype, origin), the dtype unless it is the usual.
    """
    if isinstance(of, str):
        return of
    shape, dtype, origin = of
    kind = "" if dtype is None or kind_of(dtype) == usual else f" {dtype}"
    return f"{'' if dtype is None else shape}{kind}  {origin}".strip()


def laid_out(lines):
    """[(code, note), ...] as lines: the note beside its code, or above it where both together are too wide."""
    width = min(max((len(code) for code, _ in lines), default=0), BESIDE)
    found = []
    for code, note in lines:
        line = f"    {code:{width}}  # {note}" if note else f"    {code}"
        if len(line) <= WIDE:
            found.append(line)
        else:
            inner = " " * (4 + len(code) - len(code.lstrip()))
            found += [f"{inner}# {note}"[:WIDE]] * bool(note) + broken(f"    {code}", len(inner) + 8)
    return found


def broken(code, indent):
    """A line of code as lines that are not too wide, broken where a bracket is open, as far as it has such places."""
    if len(code) <= WIDE and not code.startswith("# "):
        return [code]
    if code.startswith("# "):
        return textwrap.wrap(code, WIDE, subsequent_indent="#     ", break_long_words=False)
    found, depth, place = [], 0, 0
    start = at = 0
    while at < len(code):
        if at - start >= WIDE - (indent if found else 0) and place > start:
            found.append(code[start:place])
            start = place + 1
        depth += (code[at] in "([{") - (code[at] in ")]}")
        if code[at] == " " and depth:
            place = at
        at += 1
    found.append(code[start:])
    return [found[0], *(" " * indent + line for line in found[1:])]
