"""How many threads compute: NumPy's products of matrices run on several, all else on one.

Two threads for elementwise calls on large arrays give the same bits.  On two cores with nothing else to do, two halves
of an array of a million numbers took 0.62 of the time for gelu in blocks, 0.57 for e^x, 0.64 for a sum of two arrays;
of 131,072 numbers 0.7, 0.9, and twice the time.  Where the machine has anything else to do a step waits for its slowest
thread (e^x and tanh of 400,000 numbers: 2.2 times as long as in one).  It is not built: a program of mg.unroll, whose
blocks share their buffers, would gain nothing of it, and in a GPT's step elementwise calls are a quarter of the time.

What pays on one thread is to work on blocks that stay in the cache: a tenth for Adam (keras/optimizers/flat.py) and, in
blocks of half that size, another 9 to 24 % (of 818,000 and 670,000 weights), a fifth to a third for gelu (blocks.py
says more).  Further chains of elementwise calls, tried by hand as one loop over blocks, gain nothing, for their arrays
lie in a cache of 2 MB as they are: a GPT's bias and gelu 4 % of their time, the rest of its step none; bias and relu,
and relu backward, of a dense network and of LeNet (34 to 300 us) took 0 to 12 % longer.
"""
from ..support.arguments import whole


def set_threads(n: int) -> None:
    """Let products of matrices on the CPU, and what NumPy's linear algebra is made of, run on n threads from now on.

    In code what OMP_NUM_THREADS, OPENBLAS_NUM_THREADS and MKL_NUM_THREADS say before Python starts; for the whole
    process.  More threads than cores make it slower.  Sums may be taken in another order: the last bits can differ.
    ValueError if n is no number of threads that the library can have, RuntimeError if that library can't be told.
    Needs threadpoolctl: pip install "minigrad[threads]".
    """
    n = whole("set_threads: n", n)
    try:
        import threadpoolctl
    except ImportError as error:
        raise RuntimeError('set_threads needs threadpoolctl: pip install "minigrad[threads]"; or set OMP_NUM_THREADS '
                           "before Python starts") from error
    libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
    if not libraries:
        raise RuntimeError("set_threads: NumPy's linear algebra here is none that threadpoolctl knows; set its own "
                           "variable before Python starts, such as VECLIB_MAXIMUM_THREADS on a Mac")
    before = [library.get_num_threads() for library in libraries]
    for library in libraries:
        library.set_num_threads(n)
    if any(library.get_num_threads() != n for library in libraries):
        for library, count in zip(libraries, before):
            library.set_num_threads(count)
        raise ValueError(f"set_threads: {n} threads are more than {libraries[0].internal_api} can have")
