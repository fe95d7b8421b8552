"""The roofline: FLOP/s against arithmetic intensity, under what the machine can do at all.

Williams, Waterman & Patterson 2009, "Roofline: an insightful visual performance model for multicore architectures".
A computation that does I FLOPs per byte moved can't run faster than min(peak, I × bandwidth).
"""
import math
import statistics
from pathlib import Path

from minigrad.support.files import atomic_write

COLOURS = {"minigrad": "#cc3311", "numpy": "#4477aa", "torch": "#228833"}
TORCH = ("torch fused", "torch foreach", "torch")               # the fastest variant first


def points(result):
    """{minigrad, numpy or torch: (FLOPs per byte, FLOP/s)} of a workload."""
    flops, moved, _ = result["work"]["all"]
    times = {name: statistics.median(values) for name, values in result["samples"].items()}
    if fastest := next((name for name in TORCH if name in times), None):
        times["torch"] = times[fastest]
    return {name: (flops / moved, flops / times[name]) for name in COLOURS if name in times}


def draw(results, roof, path):
    """Write the plot for the results of one number of threads; roof is (peak FLOP/s, bytes/s)."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 5.6), layout="constrained")
    axes = figure.subplots()
    results = [r for r in results if r["work"] and r["work"]["all"][0] and r["work"]["all"][1]]
    placed = [(r, points(r)) for r in results]
    peak, bandwidth = roof
    ridge = peak / bandwidth
    left = min([p["minigrad"][0] for _, p in placed] + [0.1]) / 2
    right = max([p["minigrad"][0] for _, p in placed] + [ridge]) * 4
    axes.plot([left, ridge, right], [left * bandwidth / 1e9, peak / 1e9, peak / 1e9], color="#555555", linewidth=1.5)
    axes.annotate(f"{peak / 1e9:.0f} GFLOP/s: a large product in NumPy", (ridge, peak / 1e9), xytext=(4, 4),
                  textcoords="offset points", fontsize=8)
    axes.annotate(f"{bandwidth / 1e9:.0f} GB/s:\na large array, copied", (ridge / 20, peak / 1e9 / 20), ha="right",
                  va="bottom", xytext=(-6, 0), textcoords="offset points", fontsize=8)
    for name, colour in COLOURS.items():
        pairs = [p[name] for _, p in placed if name in p]
        axes.scatter([i for i, _ in pairs], [s / 1e9 for _, s in pairs], color=colour, label=name, s=34, zorder=3,
                     marker={"minigrad": "o", "numpy": "_", "torch": "^"}[name], linewidths=1.5)
    width, last = math.log(right / left), -1.0
    for result, p in sorted(placed, key=lambda rp: rp[1]["minigrad"][0]):           # names above, none on another
        x = p["minigrad"][0]
        last = max(math.log(x / left) / width, last + 0.032)
        axes.axvline(x, color="#cccccc", linewidth=0.6, zorder=1)
        axes.annotate(result["workload"], (x, 1), (last, 1.03), xycoords=("data", "axes fraction"), rotation=55,
                      textcoords="axes fraction", fontsize=8, ha="left", va="bottom", rotation_mode="anchor",
                      arrowprops={"arrowstyle": "-", "color": "#cccccc", "relpos": (0, 0), "shrinkA": 0})
    threads = results[0]["threads"] if results else 1
    axes.set(xscale="log", yscale="log", xlim=(left, right), xlabel="arithmetic intensity (FLOPs per byte moved)",
             ylabel=f"speed (GFLOP/s), {threads} thread{'s' if threads > 1 else ''}")
    _ops(axes, next((r["work"] for r in results if r["workload"] == "gpt"), {}))
    axes.grid(alpha=0.25)
    axes.legend(loc="lower right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    with atomic_write(path) as file:
        figure.savefig(file, format=Path(path).suffix.lstrip(".") or "png", dpi=140)


def _ops(axes, work):
    """Small dots for the ops of a step, and their names, moved down where they would lie on each other."""
    dots = [(flops / moved, flops / seconds / 1e9, name) for name, (flops, moved, seconds) in work.items()
            if name != "all" and flops and moved and seconds > 0.003 * work["all"][2]]
    taken = []
    for x, y, name in sorted(dots, key=lambda dot: -dot[1]):
        axes.scatter(x, y, color="#999999", s=9, zorder=2)
        across, up = axes.transData.transform((x, y)) * 72 / axes.figure.dpi        # in points
        down = 0
        while any(abs(across - a) < 90 and abs(up - down - u) < 8 for a, u in taken):
            down += 1
        taken.append((across, up - down))
        axes.annotate(name, (x, y), xytext=(4, 2 - down), textcoords="offset points", fontsize=6.5, color="#777777")
