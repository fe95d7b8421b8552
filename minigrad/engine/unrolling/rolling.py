"""Lines that repeat, with other arrays each time, as a loop over these: attention's tiles, the steps of an LSTM.

    matmul(q_part, k_part, out=s)           for q_i, k_i in zip(q_each, k_each):        # 3 times
    exp(s, out=s)                               matmul(q_i, k_i, out=s)
    matmul(q_part_2, k_part_2, out=s)           exp(s, out=s)
    exp(s, out=s)                       with
    matmul(q_part_3, k_part_3, out=s)       q_each = [q_part, q_part_2, q_part_3]
    exp(s, out=s)                           k_each = [k_part, k_part_2, k_part_3]

and what is declared for a loop alone likewise: q_each = [ndarray((64, 8), float32, q, 2048 * i, (32, 4)) for ...].
For people alone: the engine runs the lines one by one, which is sooner.
"""
import re

TIMES, SAVED, LONGEST = 3, 6, 80            # at least so often, so many lines fewer; at most so many lines in a loop
PIECE = re.compile(r"([^\W\d]\w*|\d+)")   # a word or a number
WORD = re.compile(r"(?<![.\w'])[^\W\d]\w*(?![\w'(]|\s*=(?!=))")


def rolled(declared, lines, names, fresh):
    """(declarations, [(code, note), ...]) with loops.

    names       of arrays, which are the same arrays all the time
    fresh       a function that finds names
    """
    units = _units(lines)
    forms = [_form(unit, names) for unit in units]
    (made, alias), found, lists, at = _canonical(declared), [], {}, 0
    while at < len(units):
        period, times = _repeats(forms, at)
        if times:
            found += _loop(forms[at:at + period * times], period, alias, lists, fresh)
            at += period * times
        else:
            found += units[at]
            at += 1
    return _declared(declared, made, found, lists, fresh("i")) if lists else declared, found


def made_anew(declared, names):
    """(declarations, those among them of `names` and of views of these, which stand in the function itself)."""
    once, each, names = [], [], {*names}
    for line in declared:
        name, text = line.split(" = ", 1)
        anew = name in names or not names.isdisjoint(WORD.findall(text))
        names |= {name} if anew else set()
        (each if anew else once).append(line)
    return once, each


def _units(lines):
    """Lines with those that stand below them: lists of (code, note)."""
    units = []
    for code, note in lines:
        if code.startswith(" ") and units:
            units[-1].append((code, note))
        else:
            units.append([(code, note)])
    return units


def _form(unit, names):
    """(what must be the same each time, None if it can't be in a loop; the names of arrays in it; its lines)."""
    used, codes = [], []

    def note_down(match):
        if match[0] not in names:
            return match[0]
        used.append(match[0])
        return "\0"
    for code, note in unit:
        shape, _, origin = note.rpartition("  ")
        codes.append((WORD.sub(note_down, code), re.sub(r"\d+", "0", shape), origin))
    once = any(re.match(r"\s*(global |return |if |[\w, ]+ = )", code) for code, _ in unit)
    return None if once else tuple(codes), used, unit


def _repeats(forms, at):
    """(period, times) of the repetition that starts here and saves most; times is 0 if none is worth it."""
    best, saved = (0, 0), SAVED - 1
    keys = [form for form, *_ in forms[at:at + LONGEST * 2]]
    for period in range(1, min(LONGEST, len(forms) - at) + 1):
        if None in keys[:period]:
            break
        if period >= len(keys) or keys[period] != keys[0]:
            continue
        times = 1
        while [form for form, *_ in forms[at + times * period:at + (times + 1) * period]] == keys[:period]:
            times += 1
        if times >= TIMES and (times - 1) * period > saved:
            best, saved = (period, times), (times - 1) * period
    return best


def _loop(forms, period, alias, lists, fresh):
    times, head, lines = len(forms) // period, {}, []
    for n, (codes, used, unit) in enumerate(forms[:period]):
        places = []                         # for each place of an array: the name that stands there
        for i in range(len(used)):
            row = tuple(alias.get(name, name) for name in (forms[n + t * period][1][i] for t in range(times)))
            if row not in head:
                word = re.sub(r"_\d+$", "", row[0])
                if len({*row}) == 1:
                    head[row] = row[0], None
                else:
                    if row not in lists:
                        lists[row] = fresh(f"{word}_each")
                    head[row] = fresh(f"{word}_i"), lists[row]
            places.append(head[row][0])
        names = iter(places)
        last = forms[n + (times - 1) * period][2]
        lines += [("    " + re.sub("\0", lambda _, names=names: next(names), code), _both(note, end))
                  for (code, *_), (_, note), (_, end) in zip(codes, unit, last)]
    looped = [(variable, held) for variable, held in head.values() if held]
    if not looped:
        return [(f"for _ in range({times}):", ""), *lines]
    if len(looped) == 1:
        return [(f"for {looped[0][0]} in {looped[0][1]}:", f"{times} times"), *lines]
    variables, held = (", ".join(part) for part in zip(*looped))
    return [(f"for ({variables}) in zip({held}):", f"{times} times"), *lines]


def _both(note, end):
    """A note of the first time and of the last: (64, 64 ... 1024)."""
    ends = iter(re.findall(r"\d+", end))
    shape, space, origin = note.rpartition("  ")
    return re.sub(r"\d+", lambda m: m[0] if m[0] == (n := next(ends)) else f"{m[0]} ... {n}", shape) + space + origin


def _canonical(declared):
    """{name: what it is declared as, in which one name stands for one array}, {name: the other name for its array}."""
    made, alias, known = {}, {}, {}
    for line in declared:
        name, text = line.split(" = ", 1)
        text = WORD.sub(lambda m: alias.get(m[0], m[0]), text)
        made[name] = text
        if text in made:
            alias[name] = text
        elif not text.startswith("empty("):             # what is no buffer is a view, or stays as it is
            alias[name] = known.setdefault(text, name)
    return made, {name: other for name, other in alias.items() if other != name}


def _declared(declared, made, lines, lists, index):
    """The declarations that are still needed, and those of lists; index: a name that counts."""
    texts = {held: _each(row, made, lists, index) for row, held in lists.items()}
    plain = [f"{held} = {text}" for held, text in texts.items() if f" for {index} in " not in text]
    others = [f"{held} = {text}" for held, text in texts.items() if f" for {index} in " in text]
    others.sort(key=lambda line: f"[{index}]" in line)  # those that loop over others come last
    while True:
        used = {*WORD.findall("\n".join([*(code for code, _ in lines), *(
            line.partition(" = ")[2] for line in [*declared, *plain, *others])]))}
        left = [line for line in declared if line.partition(" = ")[0] in used]
        if len(left) == len(declared):
            return [*left, *plain, *others]
        declared = left


def _each(row, made, lists, index):
    """A row of arrays as an expression: [text[i] for i in range(n)] where only numbers differ, in equal steps."""
    for end in (len(row), len(row) - 1):                # the last one may be another: all of an array, no part of it
        texts = [made.get(name, "empty(") for name in row[:end]]
        if end >= TIMES and not any(text.startswith("empty(") for text in texts):
            text = _progression([PIECE.split(text) for text in texts], lists, index)
            if text:
                return f"[{text} for {index} in range({end})]" + (f" + [{row[-1]}]" if end < len(row) else "")
    return f"[{', '.join(row)}]"


def _progression(texts, lists, index):
    if len({len(text) for text in texts}) > 1:
        return ""
    found = []
    for column in zip(*texts):
        if len({*column}) == 1:
            found.append(column[0])
        elif all(map(str.isdigit, column)):
            numbers = [*map(int, column)]
            first, step = numbers[0], numbers[1] - numbers[0]
            if numbers != [first + step * i for i in range(len(numbers))]:
                return ""
            found.append(f"{first} + {step} * {index}" if first else f"{step} * {index}")
        else:
            held = next((held for row, held in lists.items() if row[:len(column)] == column), None)
            if held is None:
                return ""
            found.append(f"{held}[{index}]")
    return "".join(found)
