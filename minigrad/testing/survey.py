"""Many operations at once, in several processes, told as a table or as JSON: what `minigrad check` does.

An operation is named as a person types it (ops/locate.py), so that it can be loaded again in each process.
"""
import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import asdict

from ..engine.op import REGISTRY
from .ops.locate import load_op

HEAD = f"{'op':30}{'properties':>11}{'examples':>10}{'worst error':>13}{'time/s':>8}"


def registered(differentiable=False):
    """The names of minigrad's own operations, or of those that have a derivative."""
    return [name for name, op in REGISTRY.items() if op.native and (op.vjp or not differentiable)]


def each(function, targets, jobs, *rest):
    """function(target, *rest) of each target, in order, with a progress bar."""
    from tqdm import tqdm
    bar = tqdm(total=len(targets), unit="op", disable=None, leave=False)
    with workers(jobs, len(targets)) as mapped, bar:
        for target, result in zip(targets, mapped(function, targets, *([r] * len(targets) for r in rest))):
            bar.update()
            bar.set_postfix_str(target)
            yield result


@contextmanager
def workers(jobs, count):
    """A function like map, over several processes if there is enough to do; they end with the block, also on Ctrl-C."""
    if min(jobs, count) == 1:
        yield map
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context  # not in a browser
    before = os.environ.get("OPENBLAS_NUM_THREADS")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"        # the processes share the cores already
    try:
        with ProcessPoolExecutor(min(jobs, count), mp_context=get_context("spawn"), initializer=_ends_quietly) as pool:
            def mapped(function, *columns):
                """As map, but pool.map cancels what is left when Ctrl-C comes, which races with the pool's thread."""
                with _deaf():                                           # here the processes begin
                    tasks = [pool.submit(function, *row) for row in zip(*columns)]
                return (task.result() for task in tasks)
            try:
                yield mapped
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)      # what has not begun is not waited for
                raise
    finally:
        os.environ.pop("OPENBLAS_NUM_THREADS") if before is None else os.environ.update(OPENBLAS_NUM_THREADS=before)


@contextmanager
def _deaf():
    """Ctrl-C waits until the block ends; a process that begins here stays deaf until _ends_quietly."""
    if not hasattr(signal, "pthread_sigmask"):      # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ends_quietly():
    """From here on Ctrl-C ends this process without words; also one that came while it was still importing."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


# -- the properties --------------------------------------------------------------------------------------------------
def check_one(target, examples, seed, order, skip=()):
    """The Verdict of one operation, also where it can't be fed."""
    from .ops.cases import NoCases
    from .ops.runner import Verdict, run
    op = load_op(target)
    try:
        return run(op, examples=examples, seed=seed, order=order, skip=skip)
    except NoCases as error:
        return Verdict(op.name, failure=f"{error}\n")


def check_all(targets, examples, seed=0, order=2, jobs=1, as_json=False, skip=()):
    """Check every property of each operation and print what was found; how many operations lack one."""
    start, results = time.perf_counter(), []
    if not as_json:
        print(HEAD)
    for r in each(check_one, targets, jobs, examples, seed, order, skip):
        results.append(r)
        if not as_json:
            print(f"{r.name:30}{r.properties:>11}{r.examples:>10}{r.worst:>13.1e}{r.seconds:>8.2f}",
                  end="\n" if r.passed else "  FAILED\n", flush=True)
    failed, seconds = [r for r in results if not r.passed], time.perf_counter() - start
    if as_json:
        print(json.dumps({"seed": seed, "examples": examples, "order": order, "seconds": round(seconds, 3),
                          "failed": len(failed), "ops": [asdict(r) for r in results]}, indent=1))
    else:
        count, worst = sum(r.examples for r in results), max(r.worst for r in results)
        print(f"\n{len(results)} ops, {count} cases, worst error {worst:.1e}, {seconds:.1f} s, seed {seed}: "
              f"{f'{len(failed)} FAILED' if failed else 'all properties hold'}")
        for r in results:
            if r.remarks:
                print(f"{r.name}: {'; '.join(r.remarks)}")
        for r in failed:
            print(f"\n{r.failure}")
    return len(failed)


# -- the mutants -----------------------------------------------------------------------------------------------------
def hunt_one(target, examples, seed):
    """The mutants of one operation, each with whether it was noticed."""
    from .audit.mutants import hunt
    return hunt(load_op(target), examples, seed)


def hunt_all(targets, examples, seed=0, jobs=1, as_json=False):
    """Break each operation in every way and print, by kind, what the checks noticed; how many mutants survived."""
    from .audit.mutants import by_kind, survivors
    start = time.perf_counter()
    mutants = [m for found in each(hunt_one, targets, jobs, examples, seed) for m in found]
    alive, seconds, table = survivors(mutants), time.perf_counter() - start, by_kind(mutants)
    made, noticed, missed, same = (sum(row[i] for row in table.values()) for i in range(4))
    if as_json:
        print(json.dumps({"seed": seed, "examples": examples, "seconds": round(seconds, 3), "mutants": made,
                          "killed": noticed, "equivalent": same, "kinds": table,
                          "survivors": [m.name for m in alive]}, indent=1))
        return len(alive)
    print(f"{'what was changed':28}{'mutants':>9}{'noticed':>9}{'no mistake':>12}{'survived':>10}")
    for kind, (n, killed, survived, harmless) in sorted(table.items(), key=lambda row: -row[1][0]):
        print(f"{kind:28}{n:>9}{killed:>9}{harmless:>12}{survived:>10}")
    for m in alive:
        print(f"SURVIVED: {m.name}")
    print(f"{made} mutants of {len(targets)} ops: {noticed} noticed, {same} are no mistakes, {missed} survived; "
          f"{seconds:.0f} s, seed {seed}")
    return len(alive)
