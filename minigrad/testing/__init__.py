"""Property-based gradient checks: is the derivative of an operation right, and if not, what is wrong with it?

    mg.testing.check_gradients(f, *inputs)      f at these inputs
    mg.testing.check_op(op)                     an operation, on inputs that Hypothesis chooses from its domain
    mg.testing.check_vjp(f, vjp, x)             two functions of plain NumPy, a value and its gradient
    minigrad check                              the whole registry, or an operation of yours, from the command line

check_gradients needs NumPy alone; check_op and strategies need Hypothesis, which loads when they are used.
"""
import importlib

from .gradients.compare import CannotTell, GradientError, Report, check_gradients

PROFILES = {"dev": 25, "ci": 100, "deep": 1000}     # how many cases of each op are drawn
_ELSEWHERE = {"check_op": "ops.runner", "Failed": "ops.runner", "load_op": "ops.locate",
              "check_vjp": "pairs",
              "strategies": "strategies", "cases": "ops.cases", "mutants": "audit.mutants", "machine": "audit.machine"}


def __getattr__(name):
    if name not in _ELSEWHERE:
        raise AttributeError(f"minigrad.testing has no attribute {name!r}")
    try:
        module = importlib.import_module(f".{_ELSEWHERE[name]}", __name__)
    except ModuleNotFoundError as missing:
        if missing.name != "hypothesis":
            raise
        raise ModuleNotFoundError(f'mg.testing.{name} draws its cases with Hypothesis: pip install "minigrad[test]"',
                                  name="hypothesis") from None
    return module if _ELSEWHERE[name].rpartition(".")[2] == name else getattr(module, name)


__all__ = ["CannotTell", "GradientError", "Report", "check_gradients", "check_op", "check_vjp", "strategies"]
