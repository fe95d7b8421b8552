"""One process for each workload and number of threads: this file, run as a script, is that process.

The number of threads is fixed before NumPy is imported; each process is held to as many CPUs.
"""
import json
import os
import subprocess
import sys

from .families import WORKLOADS
from .harness import measure, measure_roof
from .workload import ROOT

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")


def run_apart(threads, environment, **options):
    """measure(**options), or measure_roof, in a process of its own that has so many threads and these variables.

    RuntimeError with the last words of the process if it fails.
    """
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)) | environment
    options = json.dumps(options | {"threads": threads})
    done = subprocess.run([sys.executable, "-m", "benchmarks.apart", options], env=environment, cwd=ROOT,
                          capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{options}: {last}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _main(name, threads, **options):
    if hasattr(os, "sched_setaffinity"):        # not every framework obeys the variables
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    result = measure_roof(**options) if name == "roof" else measure(WORKLOADS[name], threads=threads, **options)
    print(json.dumps(result))


if __name__ == "__main__":
    _main(**json.loads(sys.argv[1]))
