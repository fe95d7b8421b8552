"""Formulas made into kernels: the C code computes what the formula computes, and compiles for real GPUs.

Without a GPU the code is compiled as C++ and run on the CPU, and, where NVIDIA's runtime compiler is installed (a
package that needs no GPU), also compiled for two generations of GPUs.
"""
import ctypes
import inspect
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose

from minigrad.engine import fusion
from minigrad.engine.ops import REGISTRY

REAL = [np.dtype("float32"), np.dtype("float64")]


def formulas():
    """Every elementwise forward and vjp of the table: (name, formula, number of inputs, which are boolean)."""
    for op in REGISTRY.values():
        if op.elementwise and op.vjp is not None and op.native:
            yield op.name, op.forward, op.arity, [op.name == "where"] + [False] * (op.arity - 1)
            for i, rule in enumerate(op.rules):
                if rule is not None:
                    booleans = [False, False, op.name == "where"] + [False] * (op.arity - 1)
                    yield f"{op.name}_vjp{i}", rule, op.arity + 2, booleans


def traced():
    """(name, formula, dtypes, inputs, outputs, code) of each formula of more than one step, in both precisions."""
    for name, formula, _, boolean in formulas():
        for real in REAL:
            dtypes = [np.dtype(bool) if b else real for b in boolean]
            try:
                yield name, formula, dtypes, *fusion.trace(formula, dtypes, {})[:3]
            except fusion.Untraceable:
                pass


ALL = list(traced())


def test_the_long_formulas_of_the_table_are_fused():
    names = {name for name, *_ in ALL}
    assert names >= {"sigmoid", "silu", "gelu", "gelu_vjp0", "tanh_vjp0", "relu_vjp0", "elu",
                     "sigmoid_cross_entropy"}, names


def test_float32_stays_float32():
    for name, _, dtypes, inputs, outputs, code in ALL:
        if np.dtype("float32") in dtypes:
            assert "double" not in code and "float64" not in inputs + outputs, f"{name}:\n{code}"


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    if not shutil.which("g++"):
        pytest.skip("g++ is not installed: the kernels' code was not run")
    folder = tmp_path_factory.mktemp("kernels")
    source = ["#include <cmath>", "using namespace std;", "typedef float float32; typedef double float64;",
              'extern "C" {']
    for k, (_, _, _, inputs, outputs, code) in enumerate(ALL):
        params = [p.split() for p in (inputs + ", " + outputs).split(", ")]
        head = ", ".join(f"{kind}* {p}_" for kind, p in params)
        load = " ".join(f"{kind}& {p} = {p}_[i];" for kind, p in params)
        source.append(f"void k{k}(int n, {head}) {{ for (int i = 0; i < n; i++) {{ {load}\n{code}\n}} }}")
    (folder / "k.cc").write_text("\n".join(source + ["}"]))
    subprocess.run(["g++", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "k.cc", "-o", "k.so"], cwd=folder,
                   check=True)
    return ctypes.CDLL(str(folder / "k.so"))


@pytest.mark.parametrize("k", range(len(ALL)), ids=[f"{name}-{dtypes[-1]}" for name, _, dtypes, *_ in ALL])
def test_the_code_computes_what_the_formula_computes(library, k):
    name, formula, dtypes, _, _, _ = ALL[k]
    rng = np.random.default_rng(k)
    columns = [rng.random(64) < 0.5 if d.kind == "b" else rng.uniform(-3, 3, 64).astype(d) for d in dtypes]
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]
    for column in columns:
        if column.dtype != bool:
            column[:len(special)] = rng.permutation(special)
    with np.errstate(all="ignore"):
        expected = formula(*columns)
    result = np.empty_like(expected)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*columns, result)]
    getattr(library, f"k{k}")(64, *pointers)
    tolerance = 2e-5 if result.dtype == np.float32 else 1e-12
    assert_allclose(result, expected, rtol=tolerance, atol=tolerance, err_msg=f"{name}, inputs seeded with {k}")


def test_in_place_formulas_write_back():
    def momentum(v, g, rate):
        np.multiply(v, 0.9, out=v)
        np.add(v, rate * g, out=v)
    inputs, outputs, code, changed = fusion.trace(momentum, [REAL[0], REAL[0], None], {})
    assert (inputs, outputs, changed) == ("float32 x0, float32 x1, float64 x2", "float32 y0", [0])
    assert code.count(";") >= 4 and code.rstrip().endswith(";")


@pytest.mark.parametrize("formula",
                         [lambda x: x.sum() + x * x, lambda x: x[0] + x * x, lambda x: x if x.any() else x * x,
                          lambda x: np.cumsum(x) * x, lambda x: x + np.ones(3) * 2])
def test_what_is_not_elementwise_is_left_alone(formula):
    with pytest.raises(fusion.Untraceable):
        fusion.trace(formula, [REAL[0]], {})


@pytest.mark.cupy_on_cpu
@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_the_code_compiles_for_real_gpus(architecture):
    """With NVRTC, CuPy's own compiler; kernels as CuPy writes them around the code."""
    nvrtc = pytest.importorskip("cupy_backends.cuda.libs.nvrtc", reason="CuPy is not installed: kernels not compiled")
    for name, _, _, inputs, outputs, code in ALL:
        params = [p.split() for p in (inputs + ", " + outputs).split(", ")]
        head = ", ".join(f"{kind}* {p}_" for kind, p in params)
        load = " ".join(f"{kind}& {p} = {p}_[i];" for kind, p in params)
        source = ("typedef float float32; typedef double float64;\n#define INFINITY __int_as_float(0x7f800000)\n"
                  f'extern "C" __global__ void k({head}) {{ int i = threadIdx.x; {load}\n{code}\n}}')
        program = nvrtc.createProgram(source, name, [], [])
        try:
            nvrtc.compileProgram(program, [f"--gpu-architecture={architecture}"])
        except Exception as error:
            pytest.fail(f"{name}: {error}\n{nvrtc.getProgramLog(program)}\n{source}")


def test_a_fused_formula_is_still_the_formula_to_those_who_read_it():
    def formula(x):
        return x * x + 1
    assert inspect.unwrap(fusion.fuse(formula, "f")) is formula
