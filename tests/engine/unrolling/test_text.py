"""The program as text: it says what it does, and runs alone."""
import subprocess
import sys

import numpy as np

import minigrad as mg

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
