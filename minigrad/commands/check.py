"""minigrad check: every registered operation, or those named, a user's included; or whether the checks notice mistakes.

Exit code 0 if all properties hold (or no mutant survives), 1 if not, 2 if the request is wrong.
"""
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context

from ..support.errors import UsageError
from ..testing import PROFILES
from ..testing.ops.locate import load_op


def add_parser(subparsers):
    p = subparsers.add_parser("check", help="check the derivatives of operations", description=__doc__.splitlines()[0])
    p.add_argument("op", nargs="*",
                   help="a registered name, path/to/file.py:my_op or package.module:my_op (default: all registered)")
    p.add_argument("--profile", choices=PROFILES, default="dev", help="how many cases of each op: " + ", ".join(
        f"{name} {n}" for name, n in PROFILES.items()) + " (default: dev)")
    p.add_argument("--examples", type=int, metavar="N", help="how many cases of each op, instead of a profile")
    p.add_argument("--order", type=int, default=2, metavar="K", help="check derivatives up to this order (default: 2)")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed draws the same cases (default: 0)")
    p.add_argument("--mutants", action="store_true",
                   help="break each rule in every way instead, and see whether the checks notice")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: one per core)")
    p.add_argument("--json", action="store_true", help="print the results as JSON")
    p.set_defaults(run=run)


def run(args):
    """The exit code."""
    for name, least in (("examples", 1), ("order", 1), ("jobs", 1)):
        if getattr(args, name) is not None and getattr(args, name) < least:
            raise UsageError(f"--{name} must be at least {least}, got {getattr(args, name)}")
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise UsageError('minigrad check draws its cases with Hypothesis: pip install "minigrad[test]"') from None
    targets = args.op or _registered(args.mutants)
    for target in targets:
        load_op(target)                     # before anything runs: a wrong name is told at once
    examples = args.examples or PROFILES[args.profile]
    return (_mutants if args.mutants else _check)(targets, examples, args)


def _registered(mutants):
    from ..engine.op import REGISTRY
    return [name for name, op in REGISTRY.items() if op.native and (op.vjp or not mutants)]


@contextmanager
def _workers(jobs, count):
    """A function like map, over several processes if there is enough to do."""
    if min(jobs, count) == 1:
        yield map
        return
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"        # the processes share the cores already
    try:
        with ProcessPoolExecutor(min(jobs, count), mp_context=get_context("spawn")) as pool:
            yield pool.map
    finally:
        os.environ.pop("OPENBLAS_NUM_THREADS") if before is None else os.environ.update(OPENBLAS_NUM_THREADS=before)


def _each(function, targets, args, *rest):
    """function(target, *rest) of each target, in order, with a progress bar."""
    from tqdm import tqdm
    bar = tqdm(total=len(targets), unit="op", disable=None, leave=False)
    with _workers(args.jobs, len(targets)) as each, bar:
        for target, result in zip(targets, each(function, targets, *([r] * len(targets) for r in rest))):
            bar.update()
            bar.set_postfix_str(target)
            yield result


# -- the properties --------------------------------------------------------------------------------------------------
HEAD = f"{'op':30}{'properties':>11}{'examples':>10}{'worst error':>13}{'time/s':>8}"


def _one(target, examples, seed, order):
    from ..testing.ops.cases import NoCases
    from ..testing.ops.checking import Result, run
    op = load_op(target)
    try:
        return run(op, examples=examples, seed=seed, order=order)
    except NoCases as error:
        return Result(op.name, failure=f"{error}\n")


def _check(targets, examples, args):
    start, results = time.perf_counter(), []
    if not args.json:
        print(HEAD)
    for r in _each(_one, targets, args, examples, args.seed, args.order):
        results.append(r)
        if not args.json:
            print(f"{r.name:30}{r.properties:>11}{r.examples:>10}{r.worst:>13.1e}{r.seconds:>8.2f}",
                  end="\n" if r.passed else "  FAILED\n", flush=True)
    failed, seconds = [r for r in results if not r.passed], time.perf_counter() - start
    if args.json:
        print(json.dumps({"seed": args.seed, "examples": examples, "order": args.order, "seconds": round(seconds, 3),
                          "failed": len(failed), "ops": [asdict(r) for r in results]}, indent=1))
    else:
        count, worst = sum(r.examples for r in results), max(r.worst for r in results)
        print(f"\n{len(results)} ops, {count} cases, worst error {worst:.1e}, {seconds:.1f} s, seed {args.seed}: "
              f"{f'{len(failed)} FAILED' if failed else 'all properties hold'}")
        for r in failed:
            print(f"\n{r.failure}")
    return 1 if failed else 0


# -- the mutants -----------------------------------------------------------------------------------------------------
def _hunted(target, examples, seed):
    from ..testing.audit.mutants import hunt
    return hunt(load_op(target), examples, seed)


def _mutants(targets, examples, args):
    from ..testing.audit.mutants import survivors
    start = time.perf_counter()
    mutants = [m for found in _each(_hunted, targets, args, examples, args.seed) for m in found]
    alive, seconds = survivors(mutants), time.perf_counter() - start
    equivalent = [m for m in mutants if not m.killed and m.equivalent]
    killed = len(mutants) - len(alive) - len(equivalent)
    if args.json:
        print(json.dumps({"seed": args.seed, "examples": examples, "seconds": round(seconds, 3),
                          "mutants": len(mutants), "killed": killed,
                          "equivalent": {m.name: m.equivalent for m in equivalent},
                          "survivors": [m.name for m in alive]}, indent=1))
        return 1 if alive else 0
    for m in equivalent:
        print(f"no mistake: {m.name}\n            {m.equivalent}")
    for m in alive:
        print(f"SURVIVED:   {m.name}")
    print(f"{len(mutants)} mutants of {len(targets)} ops: {killed} noticed, {len(equivalent)} are no mistakes, "
          f"{len(alive)} survived; {seconds:.0f} s, seed {args.seed}")
    return 1 if alive else 0
