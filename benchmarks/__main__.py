"""The command: python -m benchmarks.  Exit codes: 0 done, 1 failed, 2 used wrongly."""
import argparse
import json
import sys
from pathlib import Path

from minigrad.support.files import atomic_write

from . import hardware, report, roofline
from .apart import run_apart
from .families import WORKLOADS


def parser():
    p = argparse.ArgumentParser(prog="python -m benchmarks",
                                description="Time minigrad against hand-written NumPy and other frameworks.",
                                epilog="python -m benchmarks compare A.json B.json: two runs side by side")
    p.add_argument("names", nargs="*", metavar="WORKLOAD",
                   help="which to run, or `panel` for all of that (default: all; see --list)")
    p.add_argument("--list", action="store_true", help="name the workloads and stop")
    p.add_argument("--peers", action="store_true", help="also time the other frameworks that are installed")
    p.add_argument("--threads", type=int, choices=(1, 2), help="only with so many threads (default: as each has it)")
    p.add_argument("--toy", action="store_true", help="tiny sizes, to see that all works; times mean nothing")
    p.add_argument("--json", type=Path, metavar="FILE", help="keep every number")
    p.add_argument("--plot", type=Path, nargs="?", const=report.PLOT, metavar="FILE",
                   help=f"draw the roofline (default: benchmarks/{report.PLOT.name})")
    p.add_argument("--readme", action="store_true", help="write benchmarks/README.md and the plot in it")
    p.add_argument("--from", dest="source", type=Path, metavar="FILE", help="report what --json kept, don't measure")
    return p


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["compare"]:
        p = argparse.ArgumentParser(prog="python -m benchmarks compare", description="Two runs side by side.")
        p.add_argument("before", type=load)
        p.add_argument("after", type=load)
        args = p.parse_args(arguments[1:])
        print(report.compare(args.before, args.after))
        return 0
    p = parser()
    args = p.parse_args(arguments)
    panels = {w.panel: None for w in WORKLOADS.values() if w.panel}
    if unknown := set(args.names) - set(WORKLOADS) - set(panels):
        p.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join([*WORKLOADS, *panels])}")
    if args.list:
        print(report.align([(w.name, w.about) for w in WORKLOADS.values()]))
        return 0
    try:
        run = load(args.source) if args.source else measure_all(args)
    except argparse.ArgumentTypeError as error:
        p.error(f"--from: {error}")
    except RuntimeError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    if args.json:
        with atomic_write(args.json, "w") as file:
            json.dump(run, file, indent=1)
    if args.readme:
        report.readme(run)
    if args.plot or args.readme:
        whole = [r for r in run["results"] if r["threads"] == 1 and not WORKLOADS[r["workload"]].panel]
        roofline.draw(whole, run["roof"], args.plot or report.PLOT)
    return 0


def load(path):
    """A run that --json kept."""
    try:
        run = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"can't read {path}: {error}") from None
    if not isinstance(run, dict) or "results" not in run:
        raise argparse.ArgumentTypeError(f"{path} is not a run that --json kept")
    return run


def measure_all(args):
    """Every workload with every number of threads it has and this machine too; printed as they come."""
    roof = run_apart(1, {}, name="roof", scale=0.01 if args.toy else 1)
    run = {"machine": hardware.describe(), "results": [], "roof": roof}
    print(report.machine_text(run["machine"]), flush=True)
    if run["machine"]["load"] and run["machine"]["load"] > 0.5:
        print(f"This machine is busy (load {run['machine']['load']:.1f}): trust the ratios more than the times.")
    print(flush=True)
    for workload in WORKLOADS.values():
        for threads in workload.targets:
            wanted = not args.names or {workload.name, workload.panel} & set(args.names)
            if not wanted or args.threads not in (None, threads):
                continue
            if threads > run["machine"]["cores"]:
                print(f"{workload.name} with {threads} threads skipped: this machine has {run['machine']['cores']}\n")
                continue
            result = run_apart(threads, workload.environment, name=workload.name, toy=args.toy, peers=args.peers)
            run["results"].append(result)
            print(report.text(result), flush=True)
    return run


if __name__ == "__main__":
    sys.exit(main())
