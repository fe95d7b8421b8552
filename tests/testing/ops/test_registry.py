"""Every operation of the registry has every property."""
import pytest

from minigrad.engine.ops import REGISTRY
from minigrad.testing import PROFILES, check_op

OPS = [name for name, op in REGISTRY.items() if op.native]


@pytest.mark.parametrize("name", OPS)
def test_every_op_has_every_property(name):
    check_op(REGISTRY[name], examples=10)


@pytest.mark.deep
@pytest.mark.parametrize("name", OPS)
def test_on_many_cases(name):
    check_op(REGISTRY[name], examples=PROFILES["deep"], seed=1)
