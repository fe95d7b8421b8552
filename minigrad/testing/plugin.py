"""pytest: the checks as fixtures, so that the test of an operation is one line.

    def test_my_op(check_op):
        check_op(my_op)

    pytest --gradient-profile deep      # dev (the default), ci or deep: how many cases are drawn
    pytest --gradient-seed 7            # other cases

Nothing is imported before a fixture is used: pytest starts as fast as without.
"""
import functools

import pytest


def pytest_addoption(parser):
    group = parser.getgroup("minigrad")
    group.addoption("--gradient-profile", choices=("dev", "ci", "deep"), default="dev",
                    help="how many cases the check_op fixture draws: 25, 100 or 1000")
    group.addoption("--gradient-seed", type=int, default=0, help="seed of the gradient checks")


@pytest.fixture
def check_op(request):
    """minigrad.testing.check_op with the profile and seed of the command line."""
    from . import PROFILES, check_op
    option = request.config.getoption
    return functools.partial(check_op, examples=PROFILES[option("--gradient-profile")], seed=option("--gradient-seed"))


@pytest.fixture
def check_gradients(request):
    """minigrad.testing.check_gradients with the seed of the command line."""
    from . import check_gradients
    return functools.partial(check_gradients, seed=request.config.getoption("--gradient-seed"))
