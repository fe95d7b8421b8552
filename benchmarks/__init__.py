"""How fast minigrad is: each workload in turn with its floor, hand-written NumPy, and with other frameworks.

    python -m benchmarks                        every workload: minigrad and the floor
    python -m benchmarks --peers seed gpt       these two, and with the other frameworks that are installed
    python -m benchmarks compare A.json B.json  two runs that --json has kept, side by side

workload.py says what a workload is, and families/ which there are: the data, and minigrad's part.  floor.py is the
same in hand-written NumPy, peers.py in other frameworks.  harness.py times, apart.py gives each its own process;
report.py and roofline.py show what came out, and hardware.py on what.
"""
