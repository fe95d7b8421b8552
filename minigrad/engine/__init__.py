"""The engine: tensors, the tape, the derivative table, and gradients of functions.  README.md beside this is its map.

Read in this order: tensor.py (what a tensor is, and the walk back), op.py (declaring an operation), ops/ (the table of
derivatives), transforms.py (gradients of functions), unroll.py (a function as a straight line of NumPy calls, what
unrolling/ writes).  The rest can wait: recording.py (no_grad), edits.py (arrays changed in place; unwatched.py finds
those of arrays that are no tensors), interop.py (operators, NumPy's functions, conversions), trees.py (pytrees),
backend.py (arrays, random numbers), fusion.py (one kernel for a formula), profile.py (where the time goes).
"""
