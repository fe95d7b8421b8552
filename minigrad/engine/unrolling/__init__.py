"""Unrolling: a function is run on stand-ins that write down every NumPy call, and the list becomes a program.

    current.py      is a recording going on?  The few questions that the rest of the engine asks
    stand_in.py     what stands for an array
    recorder.py     computes what stand-ins are asked for, and writes it down
    modules.py      NumPy or CuPy, as it meets them
    calls.py        what the list consists of: pieces of memory, calls, numbers
    origin.py       which op, layer and line a call comes from
    state.py        all that a function can read besides its arguments: found, watched, and compared before each replay
    program.py      which calls are needed, which memory they share; the program, ready to run
    spared.py       calls that it can do without: zeros written over, copies of what was just made
    memories.py     which memory an array lies in
    arena.py        the memory that programs share
    locations.py    where arrays lie: NumPy's, and CuPy's on a GPU
    graphs.py       on a GPU: stretches of a program as CUDA graphs
    entrance.py     from arguments to arrays, and from what a replay returns to results
    naming.py       the names of arrays in it
    sooner.py       what is run in the place of lines that people read, to the same bits
    alone.py        what a saved program calls besides NumPy, as functions of Python alone
    rolling.py      lines that repeat, as loops
    columns.py      lines of code and their notes, 120 columns wide
    declaring.py    what stands before the function: buffers and views by their names
    writing.py      the program as text that people read
The public face is ../unroll.py.
"""
