"""From docstrings to Markdown.  minigrad's docstrings are plain text, set for the eye:

    a first line that says it all, often the formula; paragraphs
    name        what it means, in a column of its own, on
                several lines if need be
    and, four spaces in, an example or a formula.
"""
import ast
import inspect
import itertools
import re

COLUMN = re.compile(r"^(\S.*?\S|\S)(  +)(\S.*)$")
SPECIAL = re.compile(r"([\\`*_<>\[\]$|#~{}&])")


def escaped(text):
    """Text in which Markdown finds nothing to read, but for `code` between backticks."""
    parts = re.split(r"(`[^`]+`)", text)
    safe = [part if part.startswith("`") and len(part) > 2 else SPECIAL.sub(r"\\\1", part) for part in parts]
    text = "".join(safe)
    return re.sub(r"^(\s*)([-+=]|\d+[.)])", r"\1\\\2", text)    # no list, no heading begins here


def column(line):
    """The match of a line that has a name and what it means; None for a sentence with two spaces behind it."""
    found = COLUMN.match(line)
    if found and (re.search(r"[^.]\.$|[,;:]$", found[1]) or len(found[2]) == 2 and len(found[1].split()) > 4):
        return None
    return found


def markdown(docstring, skip_first=False):
    """A docstring as Markdown."""
    lines = inspect.cleandoc(docstring or "").expandtabs().split("\n")
    return "\n\n".join(_shown(kind, block) for kind, block in _blocks(lines[1:] if skip_first else lines))


def first_line(docstring):
    """The first paragraph's first line: an op's formula."""
    return inspect.cleandoc(docstring or "").split("\n")[0]


def _blocks(lines):
    """[(kind, lines)]: "text", "columns" or "code", paragraph by paragraph."""
    blocks = []
    for blank, paragraph in itertools.groupby(lines, lambda line: not line.strip()):
        if blank:
            continue
        paragraph = list(paragraph)
        # a program is one also where cleandoc took its indent away, having nothing else to go by
        program = language_of(inspect.cleandoc("\n" + "\n".join(paragraph))) == "python"
        if program or all(line.startswith("    ") for line in paragraph):
            if blocks and blocks[-1][0] == "code":
                blocks[-1][1].extend(["", *paragraph])
            else:
                blocks.append(("code", paragraph))
        else:
            blocks += _lines(paragraph)
    return blocks


def _lines(paragraph):
    """The lines of a paragraph, sorted into text, columns and what is set in."""
    blocks, kind = [], None
    for line in paragraph:
        indented = line.startswith("    ")
        if indented and kind == "columns":
            pass
        elif indented and kind != "text":
            kind = "code"
        elif (found := column(line)) and not indented and len(found[1]) < 60:
            kind = "columns"
        elif kind != "text" or not indented:
            kind = "text"
        if not blocks or blocks[-1][0] != kind:
            blocks.append((kind, []))
        blocks[-1][1].append(line)
    return blocks


def _shown(kind, lines):
    if kind == "text":
        return "\n".join(escaped(line.strip()) for line in lines)
    if kind == "code":
        code = inspect.cleandoc("\n" + "\n".join(lines)).rstrip()
        rows = [line for line in code.split("\n") if not line.startswith(" ")]
        if len(rows) > 1 and all((m := column(row)) and len(m[1]) < 40 for row in rows):
            return _columns([line for line in code.split("\n") if line.strip()])
        return f"```{language_of(code)}\n{code}\n```"
    return _columns(lines)


def _columns(lines):
    """A table of names and what they mean."""
    rows = []
    for line in lines:
        found = column(line)
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
    """python where it is a program of Python's, which calls, imports or defines something; else text."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return "text"
    acts = any(isinstance(node, (ast.Call, ast.Import, ast.ImportFrom, ast.FunctionDef)) for node in ast.walk(tree))
    return "python" if acts and not re.search(r"\w  +\(", code) else "text"      # mask    (B, T): a column, no call


def formula(docstring):
    """(y = ..., dx = ...): an op's first line, in its two parts; the second is "" where there is none."""
    line = first_line(docstring).rstrip(".")
    value, _, rule = line.partition("      ")
    return value.strip(), rule.strip()
