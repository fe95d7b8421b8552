"""What a run ran on, in words that name no machine: processor, cores, BLAS, versions."""
import importlib.metadata
import os
import platform
from pathlib import Path

import numpy as np

PACKAGES = ("minigrad", "numpy", "torch", "jax", "jaxlib", "keras", "autograd", "mygrad", "dezero", "tinygrad")


def processor():
    """The model name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def blas():
    """Which BLAS does NumPy's products, and where threadpoolctl is installed, with which kernels."""
    try:
        import threadpoolctl
    except ImportError:
        built = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{built['name']} {built['version']}"
    pools = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas" and "numpy" in p["filepath"]]
    names = [f"{p['internal_api']} {p['version']}, {p['architecture']} kernels" for p in pools]
    return "; ".join(names) or "unknown to threadpoolctl"


def versions():
    """{package: version} of what is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def describe():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"processor": processor(), "cores": cores, "blas": blas(), "system": platform.system(),
            "python": platform.python_version(), "versions": versions(), "load": load}
