"""Memory that programs share which never run at once: a step, the step of a shorter last batch, that of evaluate."""
import math
import threading

import numpy as np


class Arena:
    """Blocks of memory, and the lock that whoever runs a program in them holds.

    A block too small for a new program may give way to a larger one: it then lives as long as they do that use it.
    """

    def __init__(self):
        self.lock, self.blocks = threading.Lock(), []

    bytes = property(lambda self: sum(block.nbytes for block in self.blocks))

    def taker(self):
        """A function like np.empty for one program: its arrays lie apart from each other, others' may lie there too."""
        left = sorted(self.blocks, key=len)

        def empty(shape, dtype):
            need = math.prod(shape if isinstance(shape, tuple) else (shape,)) * np.dtype(dtype).itemsize
            block = next((block for block in left if len(block) >= need), None)     # the smallest that is large enough
            if block is None:
                if left:
                    self._take(self.blocks, left.pop(0))
                self.blocks.append(block := np.empty(need, np.uint8))
            else:
                self._take(left, block)
            return np.ndarray(shape, dtype, block)
        return empty

    @staticmethod
    def _take(blocks, block):
        blocks.pop(next(i for i, other in enumerate(blocks) if other is block))

    def __reduce__(self):                   # for pickle and copy: programs are written anew
        return Arena, ()
