"""Tables of what harness.py measured: medians, spread, ratios and targets; two runs side by side; the README."""
import statistics
from pathlib import Path

from minigrad.support.files import atomic_write

from .families import WORKLOADS

README = Path(__file__).with_name("README.md")
PLOT = Path(__file__).with_name("roofline.png")


def quartiles(values):
    """(lower quartile, median, upper quartile)."""
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3


def amount(value, result):
    """A median in words: "83.1 us"."""
    if result["measured"]:
        return f"{value:.4g} {result['unit']}"
    unit, size = next(((u, s) for u, s in (("s", 1), ("ms", 1e-3)) if abs(value) >= s), ("us", 1e-6))
    return f"{value / size:.3g} {unit}"


def ratio(result, contender, own="minigrad"):
    """Quartiles of minigrad's time over a contender's, taken round by round, since the two were neighbours in time."""
    return quartiles([a / b for a, b in zip(result["samples"][own], result["samples"][contender])])


def verdict(result, contender):
    """(the target in words, whether it is met), or ("", None) where there is none."""
    workload, threads = WORKLOADS[result["workload"]], result["threads"]
    if result["toy"]:                           # nothing is meant by these times
        return "", None
    if contender in workload.within:
        extra = statistics.median(a - b for a, b in zip(result["samples"]["minigrad"], result["samples"][contender]))
        most = workload.within[contender]
        return f"+{amount(extra, result)}, at most +{amount(most, result)}", extra <= most
    target = workload.targets.get(threads, {}).get(contender)
    best = min(ratio(result, contender, own)[1] for own in ("minigrad", "unrolled") if own in result["samples"])
    return ("", None) if target is None else (f"{target:.3g}", best <= target)


HEAD = ("threads", "contender", "median", "spread", "ratio", "quartiles", "target", "met")


def rows(result):
    """A row of words for each contender: HEAD."""
    lines = []
    for name, values in result["samples"].items():
        low, middle, high = quartiles(values)
        row = [str(result["threads"]), name, amount(middle, result), f"{100 * (high - low) / middle:.0f} %"]
        if name != "minigrad":
            below, r, above = ratio(result, name)
            words, met = verdict(result, name)
            row += [f"{r:.3g}", f"{below:.3g} ... {above:.3g}", words, {None: "", True: "yes", False: "no"}[met]]
        lines.append(row + [""] * (len(HEAD) - len(row)))
    return lines


def align(table):
    """Rows of words as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*table)]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in table)


def described(workload):
    return workload.about if workload.measured else f"{workload.about}; per {workload.unit}"


def text(result):
    """What the command prints for one workload and number of threads."""
    workload = WORKLOADS[result["workload"]]
    lines = [f"{workload.name}: {described(workload)}", align([HEAD, *rows(result)])]
    return "\n".join(lines + [f"{name} skipped: {why}" for name, why in result["skipped"].items()]) + "\n"


def machine_text(machine):
    packages = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (f"{machine['processor']}, {machine['cores']} cores; BLAS: {machine['blas']}; {machine['system']}, "
            f"Python {machine['python']}; {packages}")


def compare(before, after):
    """Medians of two runs (as --json keeps them) side by side, for everything that both measured."""
    def samples(run):
        return {(r["workload"], r["threads"], name): (r, values)
                for r in run["results"] for name, values in r["samples"].items()}
    first, second = samples(before), samples(after)
    table = [("workload", "threads", "contender", "before", "after", "after/before", "")]
    for key in [k for k in first if k in second]:
        (result, a), (_, b) = first[key], second[key]
        (a_low, a_mid, a_high), (b_low, b_mid, b_high) = quartiles(a), quartiles(b)
        word = "faster" if b_high < a_low else "slower" if b_low > a_high else ""        # quartiles apart
        word = {"faster": "less", "slower": "more"}.get(word, "") if result["measured"] else word
        table.append((key[0], str(key[1]), key[2], amount(a_mid, result), amount(b_mid, result), f"{b_mid / a_mid:.3f}",
                      word))
    return align(table)


PANEL = """### panel

Single operations, forward and backward, in float32 on one thread, minigrad as it is and unrolled, against PyTorch with
the arrays as it likes them. Ratios are medians of neighbouring turns; the target, {target}, is for the better of the
two. Unrolling a single large operation saves nothing and copies arguments and results; it pays where calls are many.

| op | of | minigrad | unrolled | torch | minigrad / torch | unrolled / torch | met |
|---|---|---|---|---|---|---|---|"""


def panel_row(result):
    """A line of words for a workload of the panel."""
    workload, samples = WORKLOADS[result["workload"]], result["samples"]
    names = ("minigrad", "unrolled", "torch")
    times = [amount(quartiles(samples[name])[1], result) if name in samples else "" for name in names]
    row = [workload.name.removeprefix("op-"), workload.about, *times]
    if "torch" not in samples:
        return row + [""] * 3
    ratios = [f"{ratio(result, 'torch', own)[1]:.2f}" if own in samples else "" for own in names[:2]]
    return row + ratios + [{None: "", True: "yes", False: "no"}[verdict(result, "torch")[1]]]


def readme(run):
    """Write benchmarks/README.md from a run."""
    lines = [INTRODUCTION, "## Results\n", machine_text(run["machine"]) + ".\n"]
    panels, single = [], []
    for result in run["results"]:
        (panels if WORKLOADS[result["workload"]].panel else single).append(result)
    for name in dict.fromkeys(r["workload"] for r in single):
        about = described(WORKLOADS[name])
        lines += [f"### {name}\n", about[0].upper() + about[1:] + ".\n", table_line(HEAD), "|---" * len(HEAD) + "|"]
        lines += [table_line(row) for r in single if r["workload"] == name for row in rows(r)] + [""]
    if panels:
        target = WORKLOADS[panels[0]["workload"]].targets[1]["torch"]
        lines += [PANEL.format(target=target), *(table_line(panel_row(r)) for r in panels), ""]
    skipped = {f"{name} in {r['workload']}: {why}" for r in run["results"] for name, why in r["skipped"].items()}
    if skipped:
        lines += ["Skipped: " + "; ".join(sorted(skipped)) + ".\n"]
    with atomic_write(README, "w") as file:
        file.write("\n".join(lines))


def table_line(words):
    return "| " + " | ".join(words) + " |"


INTRODUCTION = """# Benchmarks

<!-- Written by `python -m benchmarks --peers --readme`: change benchmarks/report.py, not the text here. -->

```sh
python -m benchmarks                            # every workload: minigrad and its floor, hand-written NumPy
python -m benchmarks --peers seed gpt           # two of them, with the other frameworks that are installed
python -m benchmarks --peers panel              # single operations against PyTorch
python -m benchmarks --peers --json run.json    # keep the numbers
python -m benchmarks compare old.json run.json  # what has changed
python -m benchmarks --plot                     # and draw the roofline
python -m benchmarks --list                     # what there is
minigrad profile SCRIPT                         # where the time goes, per op
```

How it is measured:

- All contenders of a workload run in one process and take turns, A B C, B C A, ..., so that a noisy moment hits them
  all alike. A turn lasts 20 ms or one call, whichever is longer.
- The *ratio* is minigrad's time over the contender's, below 1 where minigrad is faster: the median of the ratios of
  neighbouring turns, and its quartiles. *Spread* is the distance of the quartiles of the times themselves, in percent.
- Each number of threads has processes of its own, held to as many CPUs, in which the BLAS and every framework find that
  number before they start.
- Before anything is timed, every contender's results are compared with minigrad's: the floor's to 1e-5. A contender
  that computes something else, or fails, is skipped and named.
- Networks train on while they are timed. Where relus die, Adam's averages fade below the smallest normal number, with
  which a CPU is many times slower: minigrad's optimizers and the floor set such numbers to 0, every 64 steps. The other
  frameworks run as they come.

![Speed against arithmetic intensity, with the limits of the machine](roofline.png)

A workload's FLOPs and bytes are what minigrad's profiler counts. Under the roof's slope memory sets the limit, under
its flat part arithmetic does; what lies far below both pays for the steps of the Python interpreter. Small dots are the
ops of the GPT's step.
"""
