"""How fast minigrad is: each workload in turn with its floor, hand-written NumPy, and with other frameworks.

    python -m benchmarks                        every workload: minigrad and the floor
    python -m benchmarks --peers seed gpt       these two, and with the other frameworks that are installed
    python -m benchmarks compare A.json B.json  two runs that --json has kept, side by side

harness.py times; report.py prints; each other file is a family of workloads:
engine.py, products.py, dense.py, lenet.py and gpt.py.
"""
