"""minigrad estimate: compute, memory, time, money and energy of a training."""
import json

from ..scale.planning import costs, runs
from ..scale.planning.estimate import MFU, PRICE, PUE, check, estimate, lines, optimal
from ..support.errors import UsageError
from . import options

UNITS = {"flops": ("FLOPs, 6 N D", 1, ".3g"), "all_flops": ("FLOPs with attention", 1, ".3g"),
         "gpu_hours": ("GPU-hours", 1, ",.0f"), "energy": ("MWh", 3.6e9, ",.0f")}


def print_check():
    rows = check()
    print(f"{'run':<15} {'figure':<21} {'published':>11} {'estimated':>11} {'ratio':>6} {'MFU':>5}  source")
    for run, value, ratio, mfu in rows:
        name, scale, style = UNITS[run.figure]
        print(f"{run.run:<15} {name:<21} {run.value / scale:>11{style}} {value / scale:>11{style}} {ratio:>6.2f} "
              f"{mfu or '':>5{'.2f' if mfu else ''}}  {run.source}")
    flops = max(abs(ratio - 1) for run, _, ratio, _ in rows if "flops" in run.figure)
    hours = [ratio for run, _, ratio, _ in rows if run.figure == "gpu_hours"]
    energy = [ratio for run, _, ratio, _ in rows if run.figure == "energy"]
    print(f"FLOPs within {flops:.1%}. At MFU {MFU:.2f}, GPU-hours {min(hours):.2f} to {max(hours):.2f} of the "
          f"published, energy {min(energy):.2f} to {max(energy):.2f}.\n"
          "The MFU column is what the published hours imply, restarts included: give your own with --mfu.")
    print_runs()


def print_runs():
    """The GPU-hours of published trainings, and how well the interval fits those that it was not fitted to."""
    low, middle, high = runs.interval()
    print(f"\nGPU-hours of {len(runs.RUNS)} dense trainings and {len(runs.SPARSE)} mixtures of experts, and their MFU")
    for run in runs.RUNS + runs.SPARSE:
        of = f" of {run.params / 1e9:.0f}B, {run.precision}" if run.active else ""
        print(f"{run.name + of:<30} {run.chip:<6} {run.hours:>12,.0f} {runs.implied(run):>6.3f}  {run.source}")
    fitted, tested = runs.RUNS[::2], runs.RUNS[1::2]
    dense, sparse = (len(runs.inside(part, low, high)) for part in (tested, runs.SPARSE))
    print(f"Every second dense training, {len(fitted)} of them, gives MFU {low:.2f} to {high:.2f}, median {middle:.2f}"
          f", for four of five.\nOf the {len(tested)} others {dense} lie inside; of the mixtures, "
          f"times {runs.EXPERTS:g}, and {runs.FP8:g} at FP8, {sparse} of {len(runs.SPARSE)},"
          "\nall of which were seen when these two factors were chosen.")


def add_arguments(parser):
    parser.add_argument("--params", type=options.positive, metavar="N", help="parameters, such as 175e9 or 175B")
    parser.add_argument("--tokens", type=options.positive, metavar="D", help="tokens, such as 300e9 or 300B")
    parser.add_argument("--gpus", type=options.count, default=1, help="default: 1")
    options.add_model_arguments(parser)
    parser.add_argument("--mfu", type=options.positive,
                        help=f"model FLOPs utilization: share of the peak that the model gets (default: {MFU}; less "
                             "for a mixture of experts and at fp8)")
    for name, what in (("lora", "in 16 bit"), ("qlora", "in 4 bit")):
        parser.add_argument(f"--{name}", type=options.count, metavar="RANK",
                            help=f"train matrices of this rank beside the frozen weights, {what}")
    parser.add_argument("--batch", type=options.count, default=1, help="sequences held in memory at once (default: 1)")
    parser.add_argument("--recompute", choices=costs.RECOMPUTE, default="none", help="activations (default: none)")
    parser.add_argument("--price", type=options.positive, default=PRICE,
                        help=f"dollars a GPU-hour (default: {PRICE:g})")
    parser.add_argument("--pue", type=options.positive, default=PUE, help=f"of the data centre (default: {PUE})")
    parser.add_argument("--optimal", action="store_true", help="the compute-optimal number of tokens")


def run(args):
    """Carry out the command; 0, or UsageError."""
    if args.check:
        print_check()
        return 0
    if (args.mfu or 0) > 1 or args.pue < 1:
        raise UsageError("--mfu is a share of the peak, at most 1; --pue is at least 1")
    model, chip = options.model_from(args, args.params), costs.find_chip(args.gpu)
    rules = optimal(model.params) if args.optimal else []
    if not args.tokens and not rules:
        raise UsageError("give --tokens (or --optimal for the compute-optimal number of them)")
    tokens = args.tokens or rules[0][1]
    if args.lora and args.qlora:
        raise UsageError("--lora and --qlora exclude each other")
    if (rank := args.lora or args.qlora or 0) > model.width:
        raise UsageError(f"--{'lora' if args.lora else 'qlora'} {rank}: the rank is below the width of {model.width:,}")
    if args.optimal and args.active:
        raise UsageError("--optimal is for dense models: of mixtures of experts these laws say nothing")
    settings = {name: getattr(args, name) for name in ("precision", "mfu", "batch", "recompute", "price", "pue")}
    settings |= {"adapters": "lora" if args.lora else "qlora" if args.qlora else None, "rank": args.lora or args.qlora}
    figures = estimate(model, tokens, args.gpus, chip, **settings)
    if args.json:
        report = {"model": model._asdict(), "tokens": tokens, "gpu": chip.name, "gpus": args.gpus, **settings,
                  **figures}
        if rules:
            report["optimal"] = [{"rule": rule, "tokens": count, "loss": loss} for rule, count, loss in rules]
        print(json.dumps(report, indent=2))
        return 0
    print(f"N = {model.params:.4g} parameters (L = {model.layers}, h = {model.width:,}, a = {model.heads}, "
          f"s = {model.context:,}); D = {tokens:.4g} tokens; {args.gpus:,} x {chip.name}, {args.precision}\n")
    table = lines(model, args.gpus, chip, figures=figures, **settings)
    for name, value, formula, source in table:
        print(f"{name:<12} {value:>14}   {formula:<44} {source}")
    if rules:
        print(f"\n{'tokens':>9} {'per N':>6} {'6 N D':>9} {'loss':>6}   compute-optimal by")
        for rule, count, loss in rules:
            print(f"{count:>9.3g} {count / model.params:>6.1f} {6 * model.params * count:>9.3g} {loss:>6.3f}   {rule}")
        print("loss: nats per token under the corrected law")
    return 0
