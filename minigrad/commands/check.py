"""`minigrad check`: are derivatives right, of every registered operation or of those named, a user's included?

Or with --mutants: do the checks notice it where they are wrong?

Exit code 0 if all properties hold (or no mutant survives), 1 if not, 2 if the request is wrong.
"""
import os

from ..support.errors import UsageError
from ..testing import PROFILES


def add_arguments(p):
    p.add_argument("op", nargs="*",
                   help="a registered name, path/to/file.py:my_op or package.module:my_op, also of PyTorch, JAX or "
                   "autograd; or path/to/file.py, for all that it defines (default: all registered)")
    p.add_argument("--profile", choices=PROFILES, default="dev", help="how many cases of each op: " + ", ".join(
        f"{name} {n}" for name, n in PROFILES.items()) + " (default: dev)")
    p.add_argument("--examples", type=int, metavar="N", help="how many cases of each op, instead of a profile")
    p.add_argument("--order", type=int, default=2, metavar="K", help="check derivatives up to this order (default: 2)")
    p.add_argument("--seed", type=int, default=0, metavar="S", help="the same seed draws the same cases (default: 0)")
    p.add_argument("--skip", action="append", default=[], metavar="PROPERTY", help="leave a property out (repeatable)")
    p.add_argument("--mutants", action="store_true",
                   help="break each rule in every way instead, and see whether the checks notice")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N", help="processes (default: one per core)")
    p.add_argument("--json", action="store_true", help="print the results as JSON")


def run(args):
    """The exit code."""
    for name, least in (("examples", 1), ("order", 1), ("jobs", 1), ("seed", 0)):
        if getattr(args, name) is not None and getattr(args, name) < least:
            raise UsageError(f"--{name} must be at least {least}, got {getattr(args, name)}")
    if args.order > 4:
        raise UsageError(f"--order: derivatives are checked up to order 4, not {args.order}")
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise UsageError('minigrad check draws its cases with Hypothesis: pip install "minigrad[test]"') from None
    from ..testing.ops.locate import load_op, targets_in
    from ..testing.ops.runner import named
    from ..testing.survey import check_all, hunt_all, registered
    named_ones = [targets_in(op) for op in args.op]
    targets = [t for ops, _ in named_ones for t in ops] or registered(differentiable=args.mutants)
    for target in targets:
        load_op(target)                     # before anything runs: a wrong name is told at once
    try:
        named(args.skip)
    except ValueError as error:
        raise UsageError(str(error)) from None
    examples = args.examples or PROFILES[args.profile]
    if args.mutants:
        return 1 if hunt_all(targets, examples, args.seed, args.jobs, args.json) else 0
    failed = check_all(targets, examples, args.seed, args.order, args.jobs, args.json, args.skip)
    if (plain := [f for _, functions in named_ones for f in functions]) and not args.json:
        print(f"plain functions are checked where they are named, such as these: {' '.join(plain)}")
    return 1 if failed else 0
