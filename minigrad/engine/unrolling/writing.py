"""The program as text: names that mean something, buffers with their shapes, a line for each call and its origin."""
import functools
import math
import re
import sys
from collections import Counter

import numpy as np

from .alone import FEW
from .calls import Number, Part
from .columns import broken, laid_out, note
from .declaring import Declared, laid, new, the_same, view
from .followed import COMPARISONS, COPIES, RESHAPED, WITH_OUT, filled_with
from .graphs import cut, why_not
from .locations import is_array, is_kernel
from .naming import identifier, kind_of, word_for
from .recorder import getitem, setitem
from .rolling import made_anew, rolled
from .sooner import Sooner, as_run, as_text
from .stand_in import METHODS


class Text:
    """The program, for people and for files: text.

    For the engine the same in two parts, in the form that runs sooner (sooner.py): preparation, what stands before the
    function, and step, the function.
    """

    def __init__(self, program, name, about):
        self.program, self.names = program, program.names.of
        self.imports, self.bound, self.views, self.backups = set(), {}, {}, []
        self.gpu, self.module = program.gpu, sys.modules["cupy"] if program.gpu else np
        self.declared, self.sooner = Declared(self.gpu), Sooner(self.fresh, self.gpu)
        self.anew = {self.names[program.buffer[memory]] for memory in program.handed}
        self.stores = {}                    # {array: the buffer that its views are made on, in one piece}
        self.inputs = [self.names[r.memory] for r in program.inputs]
        self.program.names.used.update(self.inputs)
        self.function = self.fresh(word_for(name, "step"))      # f may be called as what it calls
        self.body, self.numbers, self.inlined, self.direct = [], {}, program.inlined, program.direct
        self.settings = ""                  # of the errstate that the last line stands in
        self.reasons = []                   # for each line of the body: why no CUDA graph can hold it
        kinds = Counter(kind_of(o.dtype) for call in program.calls for o in call.outs if type(o) is Part)
        self.usual = kinds.most_common(1)[0][0] if kinds else ""
        self._declare_memory()
        first_change = next((i for i, c in enumerate(program.calls) if self._changes(c)), None)
        guards = [i for i, c in enumerate(program.calls) if c.kind == "guard"]
        self.undo = first_change is not None and guards and guards[-1] > first_change
        if self.undo:
            self._save_what_is_edited(guards[-1])
        for call in program.calls:
            self._line(call)
        self._finish(about)

    @staticmethod
    def _changes(call):
        return call.kind in ("draw", "effect") or call.kind in ("edit", "out") and any(
            o.memory.kind == "live" for o in call.outs)

    # -- declarations ------------------------------------------------------------------------------------------------
    def _declare_memory(self):
        program = self.program
        for r in program.inputs:
            if r.memory not in self.direct:
                self._declare(r.memory, f"{self.names[r.memory]}_in", "argument")
        for memory, name in list(self.names.items()):
            if memory.kind in ("live", "constant"):
                self.bound[name] = memory.array
            elif memory in program.buffer and memory not in program.fixed and memory not in self.inlined:
                if memory in program.placed:        # a view of what it is gathered in
                    x = program.placed[memory]
                    self.declared.add(name, *self._view(self.names[x.memory], x))
                    continue
                owner = program.buffer[memory]
                if self.names[owner] not in self.stores:
                    self._declare(owner, self.names[owner], None)
                if owner is not memory:
                    self._declare(memory, name, self.names[owner])

    def _declare(self, memory, name, share):
        a = memory.whole
        made = f"({a.shape}, {self._dtype(a.dtype)})"
        self.stores[name] = name
        if share in ("argument", None):
            if a.contiguous:
                self._use("empty")
                self.declared.add(name, self.sooner.empty(name in self.anew) + made, new(a.shape, a.dtype))
                return
            self.stores[name] = store = self.fresh(f"{name}_bytes")
            self._use("empty"), self._use("uint8")
            size = memory.stop - memory.start
            self.declared.add(store, f"empty({size}, uint8)", new(size, np.dtype(np.uint8)))
            self.declared.add(name, *self._laid(store, a))
            return
        self.stores[name] = self.stores[share]
        if a.laid_as(self.program.buffer[memory].whole):
            self.declared.add(name, share, the_same(share))
        else:
            self.declared.add(name, *self._laid(self.stores[share], a))

    def _laid(self, store, x, offset=None):
        """A store laid out as x; or a view of it, whose lowest byte is so far from the store's: its text, and a maker.
        """
        what, first = f"{self._use('ndarray')}({x.shape}, {self._dtype(x.dtype)}, {store}", (offset or 0) + x.first
        if self.gpu:
            return f"{what}.data + {first}, {x.strides})", None
        place = () if x.contiguous and offset is None else (first, x.strides)
        return f"{what}{''.join(f', {p}' for p in place)})", laid(x, store, *place)

    def _use(self, name):
        self.imports.add(name)
        return name

    def _dtype(self, dtype):
        return "bool" if dtype.kind == "b" else self._use(kind_of(dtype))

    # -- expressions --------------------------------------------------------------------------------------------------
    def name_of(self, x):
        """The name of a part: its memory's, or a view's, declared on top."""
        m = x.memory
        name = f"{self.names[m]}_in" if m.kind == "input" and m not in self.direct else self.names[m]
        if x.is_whole():
            return name
        if m in self.direct:
            return self._view(name, x)[0]
        if x.place not in self.views:
            known = identifier(self.program.recorder.name_of(x))
            self.views[x.place] = fresh = self.fresh(known or self._view_name(name, x))
            self.declared.add(fresh, *self._view(name, x))
        return self.views[x.place]

    def fresh(self, wish):
        used = self.program.names.used
        wish = f"t_{wish}" if wish[0].isdigit() else wish       # blocks.0.norm.gamma ends in no name of Python's
        name, n = wish, 2
        while used[name]:
            name, n = f"{wish}_{n}", n + 1
        used[name] += 1
        return name

    def _view_name(self, name, x):
        if x.is_transposed():
            return f"{name}_T"
        if x.ndim > 1 and (turned := self.program.recorder.name_of(x.T)):
            return f"{identifier(turned)}_T"
        return f"{name}_part" if x.size < x.memory.whole.size else (
            f"{name}_{'x'.join(map(str, x.shape)) or 'number'}")

    def _view(self, name, x):
        if x.is_transposed() or x.is_reshaped():
            return f"{name}.T" if x.is_transposed() else f"{name}.reshape({x.shape})", view(x, name)
        return self._laid(self.stores.get(name, name), x, x.offset)

    def expr(self, x):
        kind = type(x)
        if kind is Part:
            return self.name_of(x)
        if kind is Number:
            return self.numbers[id(x)]
        if kind is tuple:
            return f"({', '.join(map(self.expr, x))}{',' if len(x) == 1 else ''})"
        if kind is list:
            return f"[{', '.join(map(self.expr, x))}]"
        if kind is dict:
            return f"{{{', '.join(f'{k!r}: {self.expr(v)}' for k, v in x.items())}}}"
        if kind is slice:
            return f"slice({self.expr(x.start)}, {self.expr(x.stop)}, {self.expr(x.step)})"
        if kind is float and not math.isfinite(x):
            self._use("inf" if x == x else "nan")
            return "nan" if x != x else "inf" if x > 0 else "-inf"
        if x is None or x is ... or kind in (bool, int, float, str, complex):
            return "..." if x is ... else repr(x)
        if isinstance(x, np.dtype) or isinstance(x, type) and issubclass(x, (np.generic, bool, int, float)):
            return self._dtype(np.dtype(x))
        return self._bind(x, getattr(x, "__name__", type(x).__name__))

    def _bind(self, x, wish):
        known = next((name for name, value in self.bound.items() if value is x), None)
        name = known or self.fresh(re.sub(r"\W+", "_", wish).strip("_") or "constant")
        self.bound[name] = x
        return name

    def _index(self, index):
        def part(i):
            if type(i) is slice:
                a, b, c = ("" if v is None else self.expr(v) for v in (i.start, i.stop, i.step))
                return f"{a}:{b}" + (f":{c}" if c else "")
            return self.expr(i)
        return ", ".join(map(part, index)) + ("," if len(index) == 1 else "") if type(index) is tuple and index else (
            part(index))

    def _callee(self, f):
        """The text of a function: NumPy's own name for it, or a name that is bound to it."""
        name = getattr(f, "__name__", getattr(f, "name", ""))
        if isinstance(f, np.ufunc) and getattr(np, name, None) is f:
            return self._use(name)
        owner = getattr(f, "__self__", None)
        if isinstance(owner, np.ufunc) and getattr(np, owner.__name__, None) is owner:
            return f"{self._use(owner.__name__)}.{name}"
        if f in (getattr(np, name, None), getattr(self.module, name, None)):
            return self._use(name)
        if getattr(np.linalg, name, None) is f:
            return f"{self._use('linalg')}.{name}"
        return self._bind(f, name or "function")

    # -- lines --------------------------------------------------------------------------------------------------------
    def _line(self, call):
        if call.outs and getattr(call.outs[0], "memory", None) in self.inlined:     # a Number has none
            return
        lines, settings = getattr(self, f"_{call.kind}")(call), ""
        if call.errstate and lines and not self.gpu:
            self._use("errstate")
            settings = ", ".join(f"{k}={v!r}" for k, v in call.errstate.items())
            lines = [f"with errstate({settings}):"] * (settings != self.settings) + ["    " + line for line in lines]
        if lines:
            self.settings = settings
        made, last = next((o for o in call.outs if type(o) is Part), None), len(lines) - 1
        for i, line in enumerate(lines):
            self.body.append((line, (made and made.shape, made and made.dtype, call.origin) if i == last else ""))
            self.reasons.append(why_not(call) if self.gpu else "")

    def _arguments(self, args, kwargs):
        return [*map(self.expr, args), *(f"{k}={self.expr(v)}" for k, v in kwargs.items())]

    def _call(self, call):
        f, args, kwargs, outs = call.function, call.args, call.kwargs, call.outs
        if outs and all(o.memory in self.program.fixed for o in outs):
            made = self._made(call)
            made = f"{self._use('asarray')}({made})" if isinstance(f, np.ufunc) and not outs[0].shape else made
            self.declared.add(self.names[outs[0].memory], made)
            return []
        if len(outs) > 1:
            parts = [self.fresh("part") for _ in outs]
            return [f"{', '.join(parts)} = {self._made(call)}",
                    *(f"{self.expr(o)}[...] = {p}" for o, p in zip(outs, parts))]
        out = self.expr(outs[0])
        if is_kernel(f):
            return [f"{self._callee(f)}({', '.join([*map(self.expr, args), out])})"]
        if (numbers := filled_with(f, args, self.module)) is not None:
            return [f"{out}.fill({self.expr(number)})" for number in numbers]
        if f is np.tile and len(args[0].shape) == 1 and type(args[1]) is int and outs[0].contiguous:
            return [f"{self.name_of(outs[0].reshaped((args[1], *args[0].shape)))}[...] = {self.expr(args[0])}"]
        if f in COPIES:
            return [f"{out}[...] = {self.expr(args[0])}"]
        if f in RESHAPED and outs[0].contiguous and "order" not in kwargs and (
                len(args) < 3 or f is np.ndarray.reshape):
            return [f"{self.name_of(outs[0].reshaped(args[0].shape))}[...] = {self.expr(args[0])}"]
        if f is np.matmul:
            return [self.sooner.product(call, *map(self.expr, args), out, self._made(call, f"out={out}"))]
        if f is np.ndarray.clip and not kwargs:
            return [self.sooner.clip(args, [*map(self.expr, args)], out, self._made(call, f"out={out}"))]
        if isinstance(f, np.ufunc) or isinstance(getattr(f, "__self__", None), np.ufunc) or f in WITH_OUT:
            return [self._made(call, f"out={out}")]
        return [f"{out}[...] = {self._made(call)}"]

    def _made(self, call, *more):
        f, args, kwargs = call.function, call.args, call.kwargs
        if f is getitem:
            return f"{self.expr(args[0])}[{self._index(args[1])}]"
        if f in METHODS and type(args[0]) is Part:
            return f"{self.expr(args[0])}.{METHODS[f]}({', '.join([*self._arguments(args[1:], kwargs), *more])})"
        texts = [*map(self.expr, args)]
        texts = self.sooner.numbers(f, args, texts) if isinstance(f, np.ufunc) else texts
        return f"{self._callee(f)}({', '.join([*texts, *self._arguments((), kwargs), *more])})"

    def _out(self, call):
        return [self._made(call, f"out={self.expr(call.outs[0])}")]

    def _edit(self, call):
        if call.function is setitem:
            x, index, value = call.args
            return [f"{self.expr(x)}[{self._index(index)}] = {self.expr(value)}"]
        return [self._made(call)]

    def _guard(self, call):
        value = self._inline(call.args[0])
        leave = "return restore()" if self.undo else "return None"
        return [f"if {'not ' if call.expected else ''}{value}: {leave}"]

    def _inline(self, x):
        """The expression of what only a guard looks at."""
        made = self.inlined.get(x.memory) if type(x) is Part else None
        if made is None:
            return self.expr(x)
        f, args = made.function, [self._inline(a) if type(a) is Part else self.expr(a) for a in made.args]
        if f in COMPARISONS and not made.kwargs:
            return f"{args[0]} {COMPARISONS[f]} {args[1]}"
        if f in METHODS and type(made.args[0]) is Part or f is getitem:
            return self._made(made)
        return f"{self._callee(f)}({', '.join([*args, *self._arguments((), made.kwargs)])})"

    def _number(self, call):
        for n in call.outs:
            self.numbers[id(n)] = self.fresh(n.name)
        names = ", ".join(self.numbers[id(n)] for n in call.outs)
        if isinstance(call.function, str):  # arithmetic of numbers
            a, b = map(self.expr, call.args)
            word = call.function.strip("_")
            a, b, word = (b, a, word[1:]) if word[1:] in SIGNS and word not in SIGNS else (a, b, word)
            return [f"{names} = {a} {SIGNS[word]} {b}"]
        return [f"{names}{',' if len(call.outs) == 1 else ''} = {self._bind(call.function, 'numbers')}()"]

    def _effect(self, call):
        return [f"{self._bind(call.function, getattr(call.function, '__name__', 'effect'))}()"]

    def _draw(self, call):
        out, generator = call.outs[0], self._bind(call.args[0], "generator")
        return [f"{generator}().{call.function}(dtype={self.expr(call.kwargs['dtype'])}, out={self.expr(out)})"
                if out.contiguous and out.memory.whole.shape == out.shape and not self.gpu else
                f"{self.expr(out)}[...] = {generator}().{call.function}({out.shape}, dtype="
                f"{self.expr(call.kwargs['dtype'])})"]

    def _save_what_is_edited(self, last):
        """A guard comes after an edit: keep what was there, to put it back."""
        calls = self.program.calls[:last]
        for call in calls:
            if call.kind in ("edit", "out") and call.outs[0].memory.kind == "live":
                name = self.expr(call.outs[0])
                if name not in [n for n, _ in self.backups]:
                    self.backups.append((name, self.fresh(f"{name}_before")))
                    self.declared.add(self.backups[-1][1], f"{name}.copy()")
        self.rng = next((c for c in calls if c.kind == "draw"), None)

    # -- all of it ----------------------------------------------------------------------------------------------------
    def _finish(self, about):
        program, results = self.program, []
        first = len(program.results) - len(program.recorder.assigned)       # then come gradients that leaves keep
        for i, r in enumerate(program.results):
            name, handed = self.expr(r), type(r) is Part and r.memory in program.handed and r.is_whole()
            results.append(f"{name}[()]" if type(r) is Part and r.scalar else
                           name if handed and (i >= first or name not in results) else
                           f"{name}.copy()" if r.contiguous else f"{name}.copy('K')")
        load = [(f"{self.names[r.memory]}_in[...] = {self.names[r.memory]}", f"{r.shape} {r.dtype}")
                for r in program.inputs if r.memory in self.used_inputs() and r.memory not in self.direct]
        store = [(f"{self.names[r.memory]}[...] = {self.names[r.memory]}_in", "the argument is edited in place")
                 for r in program.inputs if r.memory in program.edited]
        saved = [(f"{before}[...] = {name}", "to be put back if a guard below fails") for name, before in self.backups]
        restore = []
        if self.undo:
            if self.rng is not None:
                generator = self._bind(self.rng.args[0], "generator")
                saved.append((f"random_before = {generator}().bit_generator.state", ""))
            restore = ["def restore():", *(f"    {name}[...] = {before}" for name, before in self.backups),
                       *([f"    {generator}().bit_generator.state = random_before"] if self.rng is not None else []),
                       "    return None", ""]
        last = f"return ({', '.join(results)}{',' * (len(results) == 1)})"
        lines = [*load, *saved, *self.body, *store, (last, "")]
        if self.undo and self.rng is not None:
            lines.insert(0, ("global random_before", ""))
        head = f"def {self.function}({', '.join(self.inputs)}):"
        names, library, before, run = sorted(self.imports), self.module.__name__, [], [line for line, _ in lines]
        if self.gpu:
            reasons = ["arguments"] * len(load) + ["kept"] * len(saved) + self.reasons + ["results"] * (len(store) + 1)
            before, run = cut(run, ["global"] * (len(run) - len(reasons)) + reasons, self.fresh)
        self.library = {name: getattr(self.module, name) for name in names if name != "empty"}
        anew = made_anew([*map(as_run, self.declared.lines)], self.anew)[1]
        self.declared.leave_out({line.partition(" = ")[0] for line in anew})
        self.preparation = as_run("\n".join([*restore, *before]))
        self.step = as_run("\n".join([head, *(f"    {line}" for line in [*anew, *run])]))
        imports = broken(f"from {library} import ({', '.join(names)})", 4) if names else []
        self.live = {n: a for n, a in self.bound.items() if is_array(a)}
        self.parts, self.lines, self.about = (imports, restore, head), lines, about

    @functools.cached_property
    def text(self):
        """The program for people, written when they ask for it."""
        usual = [f"# All arrays are {self.usual}, if nothing else is said."] * bool(self.usual)
        held = [f"# {n}: {a.shape} {a.dtype}, {'used where it lies' if a.size > FEW else a.tolist()}"
                for n, a in self.live.items()]
        guards = [line.partition(": ")[0][3:] for line, _ in self.body if line.startswith("if ")]
        return self.written([*usual, *(f"# Another program takes over if {guard}." for guard in guards), *held],
                            self.about)

    @functools.cached_property
    def looped(self):
        """(declarations, lines of the function), in which loops stand for what repeats."""
        declared = [*map(as_text, self.declared.lines)]
        names = {*self.live, *(line.partition(" = ")[0] for line in declared)}
        lines = [(as_text(line), note(of, self.usual)) for line, of in self.lines]
        declared, lines = rolled(declared, lines, names, self.fresh)
        once, anew = made_anew(declared, self.anew)
        return once, laid_out([*((line, "handed out" * (" = empty(" in line)) for line in anew), *lines])

    def written(self, held, about, alone=False):
        """The whole text; held: the lines that say where arrays which live come from."""
        (imports, restore, head), (declared, body) = self.parts, self.looped
        if alone:                           # no other program takes over
            body = [re.sub(r": return (None|restore\(\))(?=$|  #)", r": raise _otherwise(\1)", line) for line in body]
            held = [*held, "def _otherwise(_):", f"    return ValueError({OTHERWISE!r})"]
        top = [part for line in (*held, *declared, "", "", *restore, head) for part in broken(line, 8)]
        return "\n".join([f'"""{about}"""', *imports, "", *top, *body, ""])

    def used_inputs(self):
        return {x.memory for call in self.program.calls for x in call.parts} | {
            r.memory for r in self.program.results if type(r) is Part}


OTHERWISE = "for these values the function would take another branch than the one that was recorded"
SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**"}
