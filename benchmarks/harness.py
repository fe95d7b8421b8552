"""Timing: contenders take turns (A B C A B C ...) in one process, so that a noisy moment hits them all alike."""
import gc
import time

BLOCK, ROUNDS = 0.02, (7, 60)               # seconds of one timed block; fewest and most rounds
OWN = ("minigrad", "unrolled", "numpy")         # all others are peers


def leaves(result):
    """The arrays of a result, which may be a tuple or list of arrays, tensors and numbers."""
    import numpy as np
    return [a for r in result for a in leaves(r)] if isinstance(result, (tuple, list)) else [np.asarray(result)]


def check(result, expected, tolerance):
    """Who computes something else is no contender: AssertionError.  A floor may return only the first results."""
    import numpy as np
    found, known = leaves(result), leaves(expected)
    assert len(found) <= len(known), f"{len(found)} results, minigrad {len(known)}"
    for i, (a, b) in enumerate(zip(found, known)):
        assert a.shape == b.shape, f"result {i} has shape {a.shape}, minigrad's {b.shape}"
        worst = np.abs(a - b).max(initial=0) / max(1, np.abs(b).max(initial=0))
        assert worst <= tolerance, f"result {i} differs from minigrad's by {worst:.2g}, more than {tolerance}"


def make_steps(workload, toy, peers):
    """({name: step}, {name: why it is skipped}, problem); the steps have run once and agree with minigrad's."""
    problem, steps, skipped, expected = workload.setup(toy), {}, {}, None
    for name, make in workload.contenders.items():
        peer = name not in OWN
        if peer and not peers:
            continue
        try:
            step = make(problem)
            if not workload.measured:
                result = step()
                expected = result if expected is None else expected
                check(result, expected, workload.tolerance * (100 if peer else 1))
            steps[name] = step
        except Exception as error:              # a peer that can't do it loses its turn; minigrad and the floor must
            if not peer:
                raise
            skipped[name] = ("not installed" if isinstance(error, ModuleNotFoundError) else
                             f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}")
    return steps, skipped, problem


def interleave(steps, budget, block=BLOCK, rounds=ROUNDS, settle=0.0):
    """Seconds per call for every contender and round: {name: [...]}.

    A call that is shorter than a block is repeated within it.  settle: seconds to wait before a block, so that the
    threads of the previous contender's BLAS, which spin for a while, are asleep.
    """
    repeats = {}
    for name, step in steps.items():            # warm up, and see how long a call takes
        start, calls = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < block or not calls:
            step()
            calls += 1
        repeats[name] = max(1, round(block / elapsed * calls))
    samples = {name: [] for name in steps}
    names, start = list(steps), time.perf_counter()
    gc.collect()
    while len(samples[names[0]]) < rounds[0] or (
            time.perf_counter() - start < budget and len(samples[names[0]]) < rounds[1]):
        for name in names:
            step, n = steps[name], repeats[name]
            if settle:
                time.sleep(settle)
                step()                          # wakes the contender's own threads
            began = time.perf_counter()
            for _ in range(n):
                step()
            samples[name].append((time.perf_counter() - began) / n)
        names.append(names.pop(0))              # everyone is first in turn
    return samples


def measure(workload, toy=False, peers=False, threads=1):
    """Run one workload here: a dict for the report and the JSON file."""
    steps, skipped, problem = make_steps(workload, toy, peers)
    count, work = getattr(problem, "count", 1), None
    rounds, budget = ((2, 2), 0) if toy else (ROUNDS, workload.seconds)
    if workload.measured:
        samples = {name: [step() for _ in range(rounds[0])] for name, step in steps.items()}
    else:
        samples = interleave(steps, budget, 0 if toy else BLOCK, rounds, settle=0.1 if threads > 1 and not toy else 0)
        samples = {name: [s / count for s in values] for name, values in samples.items()}
        work = count_work(steps["minigrad"], count)
    return {"workload": workload.name, "threads": threads, "unit": workload.unit, "measured": workload.measured,
            "samples": samples, "skipped": skipped, "work": work, "toy": toy}


def count_work(step, count):
    """FLOPs and bytes of one unit, from minigrad's own profiler: {"all": (flops, bytes), op name: ...}."""
    from minigrad.engine.profile import profile
    with profile() as counted:
        step()
    rows = {name: f + b for name, f, b in counted.rows()} | {"all": counted.total()}
    return {name: (t.flops / count, t.bytes / count, t.seconds / count) for name, t in rows.items()}


def measure_roof(scale=1):
    """(FLOP/s, bytes/s) that NumPy reaches at best: in a large product, and copying an array larger than the caches."""
    import numpy as np
    n = round(1024 * scale ** 0.5)
    a, long = np.ones((n, n), np.float32), np.ones(round(2**25 * scale), np.float32)
    other = long.copy()

    def best(call):
        times = []
        for _ in range(5):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return min(times)
    return 2 * n**3 / best(lambda: a @ a), 2 * long.nbytes / best(lambda: np.copyto(other, long))
