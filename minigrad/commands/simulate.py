"""minigrad simulate: which layouts of a large training fit, and which is the fastest."""
import json
import statistics

from ..scale.planning import costs, runs
from ..scale.planning.cluster import cluster_of
from ..scale.planning.costs import quantity
from ..scale.planning.foundry import SOURCE
from ..scale.planning.simulate import check, kind, search
from ..support.errors import Failure, UsageError
from . import options

SIZES = f"{'d':>5} {'t':>2} {'p':>3} {'v':>2} {'b':>2}"


def sizes(layout):
    """The row that belongs under SIZES."""
    return f"{layout.data:>5} {layout.tensor:>2} {layout.pipeline:>3} {layout.chunks:>2} {layout.micro:>2}"


def print_check():
    rows = check()
    print(f"{'N':>6} {'GPUs':>11} {SIZES} ZeRO {'recompute':<10} {'memory':>7} {'published':>9} {'predicted':>9} "
          "ratio  source")
    for run, seconds, ratio, needed in rows:
        note = "fitted" if run.fitted else run.note
        print(f"{run.model.params / 1e9:>5,.3g}B {run.layout.devices:>6,} {run.chip} {sizes(run.layout)} "
              f"{run.layout.zero:>4} {run.layout.recompute:<10} {quantity(needed, 'B'):>7} {run.seconds:>8.2f}s "
              f"{seconds:>8.2f}s {ratio:>5.2f}  {run.source}{note and f' ({note})'}")
    groups = {}
    for run, _, ratio, _ in rows:
        fsdp = f"FSDP of 2023 on {run.chip}, {run.precision}, " if run.source == SOURCE else ""
        title = "ZeRO-3 of 2021" if "2021" in run.note else fsdp + ("fitted" if run.fitted else "not fitted")
        groups.setdefault(title, []).append(ratio)
    for title, chosen in groups.items():
        print(f"{title}: {len(chosen)} runs, predicted {min(chosen):.2f} to {max(chosen):.2f} of the published step, "
              f"median {statistics.median(chosen):.2f}")
    print("ZeRO-3 as timed in 2021 moved its weights at about a tenth of the speed that the links allow; by 2023 it\n"
          "hid them behind compute, as this model assumes. Memory counts GPT-3's dropout masks, which Llama 3 has not.")


def duration(seconds):
    """Three digits, and no exponent above a thousand: '24.3 s', '2,870 s'."""
    return f"{seconds:,.0f} s" if seconds >= 1000 else f"{seconds:.3g} s"


def default_batch(devices, context):
    """The multiple of the devices nearest to GPT-3's 3.2 million tokens (Brown 2020, table 2.1), in sequences."""
    return devices * max(1, round(3.2e6 / context / devices))


def add_arguments(parser):
    parser.add_argument("--model", "--params", type=options.positive, metavar="N", help="parameters, such as 175e9")
    parser.add_argument("--gpus", type=options.count, default=1, help="default: 1")
    options.add_model_arguments(parser)
    parser.add_argument("--batch", type=options.count, help="sequences in a step (default: about 3.2 million tokens)")
    parser.add_argument("--top", type=options.count, metavar="K", help="the K fastest, not the best of each kind")
    for name, what in FIXED.items():
        kind_of = options.whole_number(0, 3) if name == "zero" else options.whole_number(1)
        parser.add_argument(f"--{name}", type=kind_of, metavar="N", help=what)
    parser.add_argument("--here", action="store_true",
                        help="train on 1, 2 and 4 ranks of this machine, calibrate, and compare")


FIXED = {"data": "only layouts with so many copies of the model", "tensor": "only with layers cut into so many parts",
         "pipeline": "only with so many stages", "zero": "only with this stage of ZeRO, from 0 to 3",
         "micro": "only with micro-batches of so many sequences"}


def run(args):
    """Carry out the command; 0, or UsageError, or Failure if nothing fits."""
    if args.check:
        print_check()
        return 0
    if args.here:
        print_here()
        return 0
    model, chip = options.model_from(args, args.model), costs.find_chip(args.gpu)
    cluster = cluster_of(chip, args.gpus, args.precision)
    if model.layers > 10_000:
        raise UsageError(f"{model.layers:,} layers are too many to search: give a smaller --model or --layers")
    batch = args.batch or default_batch(args.gpus, model.context)
    fixed = {name: getattr(args, name) for name in FIXED if getattr(args, name) is not None}
    results = search(model, cluster, batch, costs.peak_flops(chip, args.precision), **fixed)
    if not results:
        wanted = "".join(f", {name} {value}" for name, value in fixed.items())
        raise UsageError(f"no layout divides {args.gpus} GPUs, {model.layers} layers, {model.heads} heads, "
                         f"batch {batch}{wanted} evenly; try another --batch or --layers")
    best = {}
    for result in results:
        best.setdefault(kind(result.layout), result)
    shown = results[:args.top] if args.top else list(best.values())
    if args.json:
        rows = [{"kind": kind(r.layout), **r.layout._asdict(), "seconds": r.seconds, "bytes": r.bytes, "mfu": r.mfu,
                 "fits": r.fits} for r in shown]
        print(json.dumps({"model": model._asdict(), "cluster": cluster._asdict(), "layouts": rows}, indent=2))
        return at_least_one(results, chip)
    print(f"N = {model.params:.4g} parameters (L = {model.layers}, h = {model.width:,}, a = {model.heads}, "
          f"s = {model.context:,}); {args.gpus:,} x {chip.name}, {args.precision}, batch {batch:,} sequences\n")
    print(f"{'layout':<33} {SIZES} {'recompute':<10} {'memory':>8} {'step':>9}  MFU  fits")
    for r in shown:
        print(f"{kind(r.layout):<33} {sizes(r.layout)} {r.layout.recompute:<10} {quantity(r.bytes['total'], 'B'):>8} "
              f"{duration(r.seconds['total']):>9} {r.mfu:>4.2f}  {'yes' if r.fits else 'no'}")
    at_least_one(results, chip)
    first, fitting = results[0], sum(r.fits for r in results)
    print(f"\n{fitting:,} of {len(results):,} layouts fit in {quantity(chip.memory, 'B')}.", end=" ")
    factor = runs.factor(model, args.precision)
    low, high = (share * factor for share in runs.interval()[::2])
    parts = ", ".join(f"{name} {value / first.seconds['total']:.0%}" for name, value in first.seconds.items()
                      if name != "total" and value)
    print(f"Fastest: {kind(first.layout)}, {duration(first.seconds['total'])} a step "
          f"({batch * model.context / first.seconds['total']:,.0f} tokens/s): {parts}.\n"
          f"That is MFU {first.mfu:.2f}, step after step. Of published trainings, pauses and all, four in five reach "
          f"{low:.2f} to {high:.2f}: minigrad estimate reckons with these.")
    return 0


def at_least_one(results, chip):
    """0 if any of these layouts fits; else Failure."""
    if not any(r.fits for r in results):
        least = min(r.bytes["total"] for r in results)
        raise Failure(f"none of {len(results):,} layouts fits in {quantity(chip.memory, 'B')}: the smallest needs "
                      f"{quantity(least, 'B')} on each GPU; take more GPUs, or larger ones")
    return 0


def print_here():
    """Measure, calibrate, and print how far the predictions are from what was measured."""
    from ..scale.planning.here import FIELDS, RANKS, fitted, left_out, time_all
    runs = time_all()
    cluster = fitted(runs)
    print(f"this machine, by all of these runs: {cluster.devices} processors of {cluster.flops / 1e9:.3g} GFLOP/s and "
          f"{cluster.bandwidth / 1e9:.3g} GB/s of memory each, {cluster.link / 1e9:.3g} GB/s and "
          f"{cluster.latency * 1e6:.3g} µs between them\n")
    print(f"{'ranks':>5} " + " ".join(f"{name:>7}" for name in FIELDS) + f" {'measured':>10} {'predicted':>10}  error")
    rows = sorted(left_out(runs), key=lambda row: row[1])
    for shape, n, seconds, predicted in rows:
        print(f"{n:>5} " + " ".join(f"{value:>7}" for value in shape)
              + f" {seconds * 1e3:>7.1f} ms {predicted * 1e3:>7.1f} ms {predicted / seconds - 1:>+6.0%}")
    print("\nEach size is predicted by a calibration on the other sizes.  Mean size of the error")
    for n in RANKS:
        errors = [abs(predicted / seconds - 1) for _, ranks, seconds, predicted in rows if ranks == n]
        print(f"  {n} rank{'s' * (n > 1)}: {statistics.mean(errors):.0%}")
    if max(RANKS) > cluster.devices:
        print(f"More ranks than the {cluster.devices} processors share them, which the model counts in.")
