"""The program as text: it says what it does, and runs alone."""
import subprocess
import sys

import numpy as np

import minigrad as mg

from .page import PAGE, page, unrolled
from .same import settle

X = np.arange(6.0).reshape(2, 3)


def test_saved_it_runs_without_minigrad(tmp_path):
    w = np.arange(12.0).reshape(3, 4)
    g = settle(mg.unroll(mg.value_and_grad(lambda b, x: (mg.tanh(mg.matmul(x, w) + b) ** 2).mean())), (np.ones(4), X))
    g.save(tmp_path / "step.py")
    np.save(tmp_path / "x.npy", X)
    code = ("import sys, numpy as np, step\nv, d = step.with_gradient(np.ones(4), np.load('x.npy'))\n"
            "assert not any(m.startswith('minigrad') for m in sys.modules)\nprint(repr((float(v), d.tolist())))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    value, slope = g(np.ones(4), X)
    assert done.stdout.strip() == repr((float(value), slope.tolist()))


def test_the_page_shows_the_program_of_the_seed_network():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it again: python -m tests.engine.unrolling.page"


def test_the_seed_networks_program_is_short():
    lines = [line for line in unrolled().source.partition("def step")[2].splitlines()[1:] if line.strip()]
    optimizer = [line for line in lines if "Adam" in line]
    returned = lines[next(i for i, line in enumerate(lines) if "return (" in line):]
    assert len(lines) - len(optimizer) - len(returned) < 40 and len(lines) <= 60
    assert all("step.py:" in line for line in lines if line not in returned)
