"""Many variables as one: their arrays, gradients and optimizer slots each end to end in one flat buffer.

    theta       [ kernel 0 ............ | bias 0 . | kernel 1 ............ | bias 1 . ]
    gradient    [ ..................... | ........ | ..................... | ........ ]
    m           [ ..................... | ........ | ..................... | ........ ]

An elementwise rule such as Adam's doesn't care where one variable ends, so it is a few NumPy calls for the whole
network, however many layers that has.  The variables stay what they were: their arrays are views of theta.
"""
import copy
import itertools

import numpy as np

from ...engine import backend
from ...engine.blocks import BLOCK, cuts


def is_slowed(slot):
    """Whether numbers below the smallest normal one slow a CPU down; of float16 NumPy makes float32 first."""
    return slot.itemsize >= 4


class Flat:
    """Variables of one dtype, on one device, laid out in one buffer, and slots {name: first value} of the same layout.

    A slot whose first value is None begins as the variables.
    decays      whether these variables are subject to weight decay
    """

    def __init__(self, variables, slots, decays):
        first = variables[0]._data
        xp, self.decays, self.variables = backend.array_module(first), decays, variables
        ends = list(itertools.accumulate(v.size for v in variables))
        self.spans = [slice(end - v.size, end) for v, end in zip(variables, ends)]
        self.theta, self.gradient = (xp.zeros(ends[-1], first.dtype) for _ in range(2))
        self.slots = {name: xp.full(ends[-1], start or 0, first.dtype) for name, start in slots.items()}
        # Room for what a rule computes on the way; on a GPU the rule becomes one kernel, which needs none.
        self.scratch = xp.empty(min(ends[-1], BLOCK), first.dtype) if xp is np else None
        self.views = [self.view(self.theta, i) for i in range(len(variables))]
        for i in range(len(variables)):
            self.adopt(i)
        for name, start in slots.items():
            if start is None:
                self.slots[name][...] = self.theta

    def view(self, buffer, i):
        """The part of a buffer that belongs to variable i, in its shape."""
        return buffer[self.spans[i]].reshape(self.variables[i].shape)

    def adopt(self, i):
        """Make the view of theta the array of variable i, with the values that it has."""
        v, view = self.variables[i], self.views[i]
        if v._data is not view:
            view[...] = v._data
            v._data = view


class Stretch:
    """A stretch of a Flat whose variables all have gradients: what one step works on.

    gradient        its part of the buffer for gradients; gradients, the same, one view for each variable
    blocks          (theta, gradient, slots, scratch): the parts that the rule is called with
    """

    def __init__(self, flat, first, last, members):
        self.members, self.decays, self.names = members, flat.decays, list(flat.slots)
        start, stop = flat.spans[first].start, flat.spans[last].stop
        self.gradient = flat.gradient[start:stop]
        self.gradients = [flat.gradient[span] for span in flat.spans[first:last + 1]]
        step = BLOCK if flat.scratch is not None else max(stop - start, 1)
        self.blocks = [(flat.theta[c], flat.gradient[c], [slot[c] for slot in flat.slots.values()],
                        flat.scratch if flat.scratch is None else flat.scratch[:c.stop - c.start])
                       for c in cuts(start, stop, step)]

    def with_arrays(self, f):
        """The same stretch with f(array) in the place of each array."""
        other = copy.copy(self)
        other.gradient, other.gradients = f(self.gradient, "gradients"), [f(g, "gradients") for g in self.gradients]
        other.blocks = [(f(theta, "theta"), f(g, "gradients"), [f(slot, name) for slot, name in zip(slots, self.names)],
                         f(s, "scratch")) for theta, g, slots, s in self.blocks]
        return other

    def drop_subnormal(self, names):
        """Put 0 in the place of a slot's numbers below 1.2e-38 (in float32), which slow a CPU down, but no GPU."""
        for _, _, slots, s in self.blocks:
            for name, slot in zip(self.names, slots):
                if name in names and s is not None and is_slowed(slot):
                    np.copyto(slot, 0, where=np.abs(slot, out=s) < np.finfo(slot.dtype).tiny)

    def gather(self, gradients):
        """Copy the gradients of this stretch's variables, from a list of arrays, end to end into the buffer."""
        np.concatenate([gradients[i] for i in self.members], axis=None, out=self.gradient)


class Buffers:
    """The Flats for a list of variables, and the place of each: {id(variable): (number of Flat, position in it)}."""

    def __init__(self, variables, slots, decays=lambda v: False):
        groups = {}
        for v in variables:
            groups.setdefault((v.dtype, v.device, decays(v)), []).append(v)
        self.flats = [Flat(group, slots, decay) for (_, _, decay), group in groups.items()]
        self.place = {id(v): (n, i) for n, flat in enumerate(self.flats) for i, v in enumerate(flat.variables)}

    def fits(self, v):
        """Whether a variable has a place, and still has the form that it had when it got it."""
        if id(v) not in self.place:
            return False
        n, i = self.place[id(v)]
        view = self.flats[n].views[i]
        return (v.shape, v.dtype, v.device) == (view.shape, view.dtype, backend.device_of(view))

    def adopt(self, v):
        """Make a variable whose array was replaced a view of the buffer again, with its new values."""
        n, i = self.place[id(v)]
        self.flats[n].adopt(i)

    def slots(self, v):
        """{slot name: the part of it that belongs to a variable}."""
        n, i = self.place[id(v)]
        return {name: self.flats[n].view(buffer, i) for name, buffer in self.flats[n].slots.items()}

    def stretches(self, variables):
        """The stretches that these variables fill: one for each Flat if none is missing."""
        places = sorted((*self.place[id(v)], member) for member, v in enumerate(variables))
        neighbours = itertools.groupby(enumerate(places), lambda item: (item[1][0], item[1][1] - item[0]))
        for (n, _), items in neighbours:
            positions, members = zip(*((i, member) for _, (_, i, member) in items))
            yield Stretch(self.flats[n], positions[0], positions[-1], members)
