"""The reference: a page for each public module, an entry for each name, from signatures, docstrings, declarations."""
import inspect

from ...engine.op import Op
from .places import address_of, file_of, pages, signature_of, source_of
from .table import conventions, cost, domain
from .wording import escaped, first_line, formula, markdown, table


def written(edition):
    """{place: Markdown} of all pages of the reference."""
    made = {page.place: _page(page, edition) for page in pages()}
    rows = [f"| [{page.title}]({page.place.removeprefix('api/')}.md) | {len(page.names)} | "
            f"{escaped(first_line(page.module.__doc__))} |" for page in pages()]
    say = edition.say
    made["api/index"] = "\n".join([
        "# " + say("The API"), "", say(
            "Every public name, with its formula, shapes, errors and source, as its docstring says. Shapes are written "
            "as (B, T, C); arguments before a slash are given by position; `mg` is minigrad."), "", *_note(edition),
        f"| {say('module')} | {say('names')} | |", "|---|---|---|", *rows, "",
        *_tree([p.place.removeprefix("api/") for p in pages()])])
    return made


def _note(edition):
    """In another language: that docstrings are English."""
    say = edition.say
    return [] if edition.home is None else [
        say("The texts of the reference are the docstrings of the source code, which are in English."), ""]


def _tree(places):
    return ["```{toctree}", ":hidden:", "", *places, "```", ""]


def _page(page, edition):
    edition.here, path = page.place, file_of(page.module)
    lines = [f"# {page.title}", "", *_note(edition), markdown(page.module.__doc__), "",
             f'<a class="mg-read" href="{edition.source(path)}"><code>{escaped(path)}</code></a>', ""]
    for name, thing in page.names.items():
        lines += [_entry(page, name, thing, edition), ""]
    return "\n".join(lines)


def _entry(page, name, thing, edition):
    """One name.  If it stands on another page too, a line that says where."""
    full, say = f"{page.prefix}.{name}", edition.say
    place, first = address_of()[id(thing)]
    if first != full:
        return _directive("data", full, say("The same as {}.", _link(first, place, edition)))
    body = [_source(thing, name, edition), *_meaning(thing, say)]
    kind = "function"
    if inspect.isclass(thing):
        kind = "exception" if issubclass(thing, BaseException) else "class"
        body += [_method(full, n, m, edition) for n, m in methods_of(thing)]
    return _directive(kind, full + signature_of(thing), "\n\n".join(filter(None, body)))


def _link(name, place, edition):
    return f'<a href="{edition.to(place)}#{name}"><code>{name}</code></a>'


def _directive(kind, head, body):
    fence = "`" * (3 + max((len(part) for part in _fences(body)), default=0))
    return f"{fence}{{py:{kind}}} {head}\n{body}\n{fence}"


def _fences(text):
    return [line[:len(line) - len(line.lstrip("`"))] for line in text.splitlines() if line.startswith("```")]


def methods_of(kind):
    """The methods and properties of a class that its own body documents, in its order."""
    for name, member in vars(kind).items():
        f = getattr(member, "__func__", member)
        if not name.startswith("_") and (inspect.isfunction(f) or isinstance(f, (property, Op))) and f.__doc__:
            yield name, f


def _method(full, name, f, edition):
    say = edition.say
    if isinstance(f, property):
        return _directive("property", f"{full}.{name}", markdown(f.__doc__))
    if isinstance(f, Op) and (known := address_of().get(id(f))):
        return _directive("method", f"{full}.{name}{signature_of(f)}",
                          say("{}: see {}.", escaped(formula(f.__doc__)[0]), _link(known[1], known[0], edition)))
    body = "\n\n".join([_source(f, name, edition), markdown(f.__doc__)])
    return _directive("method", f"{full}.{name}{signature_of(f)}", body)


def _source(thing, name, edition):
    say = edition.say
    return f'<a class="mg-source-link" href="{edition.source(*source_of(thing, name))}">{say("source")}</a>'


def _meaning(thing, say):
    """Formula and derivative, what the declaration of an op says, and the rest of the docstring."""
    value, rule = formula(thing.__doc__)
    if not isinstance(thing, Op):
        if not rule:
            return [markdown(thing.__doc__)]
        return [table([(say("value"), value), (say("derivative"), rule)]), markdown(thing.__doc__, skip_first=True)]
    op = thing
    facts = [(say("value"), value), (say("derivative"), rule or say("none")), (say("domain"), domain(op, say)),
             (say("shapes"), op.shapes or (say("elementwise: inputs broadcast") if op.elementwise else "")),
             ("NumPy", ", ".join(f"numpy.{f.__name__}" for f in op.numpy)),
             ("FLOPs", cost(op, say)), (say("conventions"), "; ".join(conventions(op, say)))]
    return [table([fact for fact in facts if fact[1]]), markdown(op.__doc__, skip_first=True)]
