"""Every operation of the registry has every property; values against plain formulas where there are some."""
import pytest

from minigrad.engine.ops import REGISTRY
from minigrad.testing import PROFILES, check_op

from ...engine.ops.simple import reference

OPS = [name for name, op in REGISTRY.items() if op.native]


def expected(name):
    try:
        return reference(name)
    except KeyError:
        return None


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_every_property(name):
    check_op(REGISTRY[name], examples=10, reference=expected(name))


@pytest.mark.deep
@pytest.mark.parametrize("name", OPS)
def test_on_many_cases(name):
    check_op(REGISTRY[name], examples=PROFILES["deep"], seed=1, reference=expected(name))
