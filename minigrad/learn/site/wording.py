"""From docstrings to Markdown.  minigrad's docstrings are plain text, set for the eye:

    a first line that says it all, often the formula; paragraphs
    name        what it means, in a column of its own, on
                several lines if need be
    and, four spaces in, an example or a formula.
"""
import ast
import inspect
import re

COLUMN = re.compile(r"^(\S.*?\S|\S)(  +)(\S.*)$")
SPECIAL = re.compile(r"([\\`*_<>\[\]$|#~{}&])")


def escaped(text):
    """Text in which Markdown finds nothing to read, but for `code` between backticks."""
    parts = re.split(r"(`[^`]+`)", text)
    safe = [part if part.startswith("`") and len(part) > 2 else SPECIAL.sub(r"\\\1", part) for part in parts]
    text = "".join(safe)
    return re.sub(r"^(\s*)([-+=]|\d+[.)])", r"\1\\\2", text)    # no list, no heading begins here


def markdown(docstring, skip_first=False):
    """A docstring as Markdown."""
    lines = inspect.cleandoc(docstring or "").expandtabs().split("\n")
    return "\n\n".join(_shown(kind, block) for kind, block in _blocks(lines[1:] if skip_first else lines))


def first_line(docstring):
    """The first paragraph's first line: an op's formula."""
    return inspect.cleandoc(docstring or "").split("\n")[0]


def _blocks(lines):
    """(kind, lines): "text", "columns" or "code"."""
    blocks, kind = [], None
    for line in lines:
        if not line.strip():
            if blocks and kind == "code":
                blocks[-1][1].append("")
            else:
                kind = None
            continue
        indent = len(line) - len(line.lstrip())
        if kind == "columns" and indent:
            blocks[-1][1].append(line)
        elif indent >= 4 and kind != "text":
            if kind != "code":
                blocks.append(("code", []))
            kind = "code"
            blocks[-1][1].append(line)
        elif COLUMN.match(line) and not indent and "  " in line.strip() and len(COLUMN.match(line)[1]) < 60:
            if kind != "columns":
                blocks.append(("columns", []))
            kind = "columns"
            blocks[-1][1].append(line)
        else:
            if kind != "text":
                blocks.append(("text", []))
            kind = "text"
            blocks[-1][1].append(line)
    return blocks


def _shown(kind, lines):
    if kind == "text":
        return "\n".join(escaped(line.strip()) for line in lines)
    if kind == "code":
        code = inspect.cleandoc("\n" + "\n".join(lines)).rstrip()
        rows = [line for line in code.split("\n") if not line.startswith(" ")]
        if len(rows) > 1 and all((m := COLUMN.match(row)) and len(m[1]) < 40 for row in rows):
            return _columns([line for line in code.split("\n") if line.strip()])
        return f"```{language_of(code)}\n{code}\n```"
    return _columns(lines)


def _columns(lines):
    """A table of names and what they mean."""
    rows = []
    for line in lines:
        found = COLUMN.match(line)
        if found and not line.startswith(" "):
            rows.append([found[1], found[3]])
        else:
            rows[-1][1] += " " + line.strip()
    return table(rows)


def table(rows):
    """Names and what they mean, side by side, without a head."""
    lines = [line for name, meaning in rows for line in (f"* - {escaped(name)}", f"  - {escaped(meaning)}")]
    return "\n".join(["```{list-table}", ":class: mg-meanings", "", *lines, "```"])


def language_of(code):
    """python where it is a program of Python's, else text."""
    try:
        body = ast.parse(code).body
    except SyntaxError:
        return "text"
    names = all(isinstance(n, ast.Expr) and isinstance(n.value, (ast.Name, ast.BinOp, ast.Tuple)) for n in body)
    return "text" if names else "python"


def formula(docstring):
    """(y = ..., dx = ...): an op's first line, in its two parts; the second is "" where there is none."""
    line = first_line(docstring).rstrip(".")
    value, _, rule = line.partition("      ")
    return value.strip(), rule.strip()
