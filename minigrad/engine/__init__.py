"""The engine: tensors, the tape, the derivative table, and gradients of functions.

Read in this order: tensor.py (what a tensor is, and the walk back), op.py (declaring an operation), ops/ (the table of
derivatives), transforms.py (gradients of functions).  The rest can wait: backend.py (NumPy or CuPy), fusion.py (one
kernel for a formula), profile.py (where the time goes).
"""
