"""What all optimizers have in common: gathering gradients, clipping, decay, and a state to go on from."""
import math
import warnings

import numpy as np

from ...engine import backend
from ...engine.fusion import fuse
from ...engine.tensor import Tensor
from ...engine.unrolling.current import real, recorder
from ...support.arguments import number, shown, whole
from ...support.names import Configured
from .flat import Buffers, is_slowed

FADED = 64                  # steps, after which what is almost 0 is set to 0


def update_average(m, x, part, s=None):
    """m += part · (x - m), in place: an exponential moving average of x with decay 1 - part."""
    s = np.subtract(x, m, out=s)
    s *= part
    m += s


def hold(v):
    """Bring a variable to what its constraint, if it has one, holds it to."""
    if hasattr(v, "constraint"):
        array = real(v._data)
        array[...] = v.constraint(Tensor(array))._data


class LearningRate(float):
    """optimizer.learning_rate: a number, with what a variable of Keras' has: assign(number) sets it, numpy() reads it.
    """

    def __new__(cls, rate, optimizer):
        number = super().__new__(cls, rate)
        number._optimizer = optimizer
        return number

    def assign(self, rate):
        self._optimizer.learning_rate = rate

    def numpy(self):
        return np.float32(self)

    def __reduce__(self):                   # to pickle and copy it is a number
        return float, (float(self),)


class Optimizer(Configured):
    """What all have in common.  A subclass writes `slots`, `rates` and `update`.

    learning_rate       a number, or a function of the step (minigrad.schedules); settable at any time
    weight_decay        each step first makes variables smaller by the factor 1 - learning_rate · weight_decay
    exclude             variables that do not decay: "vectors" (those with less than two axes: biases, and the gains of
                        normalisation layers), or a function variable -> bool
    clipvalue           limits each number of a gradient to ±clipvalue; or
    clipnorm            limits the Euclidean norm of each variable's gradient; or
    global_clipnorm     limits the norm of all gradients together; None and 0 limit nothing
    use_ema             keep an average of each variable over the steps, a = μ a + (1 - μ) θ, μ = ema_momentum, after
                        the first step θ itself.  fit ends by giving the variables their averages: these have less of
                        the last steps' noise.  (Polyak & Juditsky 1992)
    ema_overwrite_frequency     and do so after this many steps, again and again
    gradient_accumulation_steps     a step is done in every so many calls, by the mean of their gradients: as if the
                        batch were so many times as large
    iterations          the number of steps taken

    After the first step a variable's array is a view of the optimizer's buffer; replacing it is seen by the next step.
    """
    into = dict                             # what backpropagate gathers gradients in, see minigrad/scale/distributed
    # To unroll.py: asked for anew in each replay.
    _changes = "iterations", "_learning_rate", "_loaded", "_warned", "_waiting"
    _whole = "_buffers", "_stretches", "_stepped", "_arrays", "variables"       # and: another object, another program
    _counts = {"_advance": "iterations"}    # and: in a saved program _advance counts, and does _every_few_steps
    slots = {}                              # what is remembered for each number of a variable: {name: first value}
    fading = ()                             # slots that shrink, step by step, where the gradient is 0

    def __init__(self, learning_rate, weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
                 use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None, *, gradient_accumulation_steps=None,
                 exclude=None, name=None):
        kind = type(self).__name__
        limits = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(limit is not None for limit in limits.values()) > 1:
            raise ValueError(f"{kind}: only one of clipnorm, clipvalue and global_clipnorm can be set, got {limits}")
        for option, value in {**limits, "weight_decay": weight_decay}.items():
            if value is not None and not 0 <= value < math.inf:
                raise ValueError(f"{kind}: {option} must not be negative, got {shown(value)}")
        if not (exclude in (None, "vectors") or callable(exclude)):
            raise ValueError(f'{kind}: exclude must be "vectors" or a function of a variable, not {shown(exclude)}')
        if not 0 <= ema_momentum <= 1 or ema_overwrite_frequency is not None and not ema_overwrite_frequency >= 1:
            raise ValueError(f"{kind}: ema_momentum must be in [0, 1] and ema_overwrite_frequency at least 1, got "
                             f"{ema_momentum!r} and {ema_overwrite_frequency!r}")
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.learning_rate, self.weight_decay, self.exclude = learning_rate, weight_decay, exclude
        self.clipnorm, self.clipvalue, self.global_clipnorm, self.name = clipnorm, clipvalue, global_clipnorm, name
        self.gradient_accumulation_steps, self._waiting = gradient_accumulation_steps, 0
        self.iterations, self.variables = 0, []
        self._no_layout()
        self._loaded = {}                   # slots that load_state brought, until their variables are laid out
        self._warned = False

    # -- what a subclass writes --------------------------------------------------------------------------------------
    def rates(self, lr, t):
        """The numbers that change from step to step, t = 1, 2, ...: update gets them after theta and g."""
        return (lr,)

    def update(self, theta, g, *rates_and_slots, s=None):
        """Change theta, and the slots, in place, by the gradient g, which stays as it is.

        All are one-dimensional arrays; s is one more of them, for intermediate results, or None: allocate them.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method update(self, theta, g, ...)")

    def squares(self, total):
        """Σ g² over all variables, given that over these: more where other processes have others."""
        return total

    def checked_share(self, name, value):
        """value, if it is a share from 0 up to, but not including, 1, such as momentum; else ValueError."""
        if not 0 <= value < 1:
            raise ValueError(f"{type(self).__name__}: {name} must be in [0, 1), got {shown(value)}")
        return value

    # -- stepping ----------------------------------------------------------------------------------------------------
    @property
    def learning_rate(self):
        """The rate of the next step, a number; learning_rate.assign(number) sets it, as learning_rate = number does."""
        return LearningRate(self._rate(), self)

    @learning_rate.setter
    def learning_rate(self, rate):
        self._learning_rate = rate if callable(rate) else float(number(
            f"{type(self).__name__}: learning_rate", rate, 0))

    def _rate(self):
        rate = self._learning_rate
        return float(rate(self.iterations)) if callable(rate) else rate

    def step(self, variables):
        """A step by the gradients that backward left in .grad."""
        self.apply_gradients([(v.grad, v) for v in variables])

    def apply(self, grads, trainable_variables=None):
        """A step by these gradients of these variables, or, if none are given, of those that build was given."""
        variables = self.variables if trainable_variables is None else trainable_variables
        self.apply_gradients(list(zip(grads, variables, strict=True)))

    def apply_gradients(self, grads_and_vars):
        """A step: grads_and_vars are pairs (gradient, variable), Tensors or arrays of the same shape.

        A variable whose gradient is None stays as it is, and a warning says so, once.  ValueError if all are None, if a
        shape is wrong or a variable comes twice.
        """
        pairs = list(grads_and_vars)
        grads, arrays = self._given(pairs)
        recording = recorder()
        if recording:
            arrays = [id(real(v._data)) for g, v in pairs if g is not None]
            every_few = self.use_ema and self.ema_overwrite_frequency or self.gradient_accumulation_steps
            if arrays != self._arrays or every_few:
                recording.give_up(f"{type(self).__name__} lays out its memory, or does something every few steps")
                grads = [real(g) for g in grads]
        if arrays != self._arrays or len(grads) < len(pairs) and not self._warned:
            self._plan(pairs)               # these are not the views that the stretches were made of

        stretches, numbers = self._stretches, self._numbers()
        if recording and recording.active:  # unroll.py writes this step down, and asks for the numbers in each replay
            recording.label = type(self).__name__
            stretches = [stretch.with_arrays(recording.live) for stretch in stretches]
            numbers = recording.numbers(numbers, self._numbers, ["kept", "share", "rate", *("number",) * len(numbers)])
        for stretch in stretches:
            stretch.gather(grads)
        if self.gradient_accumulation_steps and not self._enough(stretches):
            return
        self._clip(stretches)
        self._update_all(stretches, *numbers)
        if recording:
            recording.effect(self._advance)
            recording.label = None
        self._advance()

    def _given(self, pairs):
        """The gradients that are not None, as arrays, and the ids of their variables' arrays."""
        grads, arrays = [], []
        for i, (g, v) in enumerate(pairs):
            if g is not None:
                g = g._data if isinstance(g, Tensor) else g
                if not (isinstance(v, Tensor) and hasattr(g, "shape")):
                    raise TypeError(f"{type(self).__name__}: pairs are (Tensor or array, Tensor); pair {i} is {(g, v)}")
                if g.shape != v._data.shape:
                    raise ValueError(f"{type(self).__name__}: variable {i} has shape {v.shape}, its gradient {g.shape}")
                grads.append(g)
                arrays.append(id(v._data))
        return grads, arrays

    def _update_all(self, stretches, kept, share, *rates):
        """The rule for each block; weight decay before it, the average of the weights after it."""
        for stretch in stretches:
            for theta, g, slots, s in stretch.blocks:
                if stretch.decays:
                    theta *= kept
                rule = self._fused if s is None else self.update
                rule(theta, g, *rates, *slots[:len(self.slots)], s=s)
                if self.use_ema:            # the average is the slot after the rule's own
                    average = self._average if s is None else update_average
                    average(slots[len(self.slots)], theta, share, s=s)

    def _enough(self, stretches):
        """Add the gathered gradients to those of earlier calls; if these are enough, put their mean in their place."""
        self._waiting += 1
        enough = self._waiting == self.gradient_accumulation_steps
        for stretch in stretches:
            for _, g, slots, _ in stretch.blocks:
                slots[-1] += g              # "accumulated", the last slot
                if enough:
                    np.multiply(slots[-1], 1 / self.gradient_accumulation_steps, out=g)
                    slots[-1][...] = 0
        self._waiting %= self.gradient_accumulation_steps
        return enough

    def _numbers(self):
        """What changes from step to step: the factor of weight decay, the newest's share in averages, the rates."""
        lr, share = self._rate(), 1 - self.ema_momentum if self.use_ema and self.iterations else 1.0
        return 1 - lr * (self.weight_decay or 0), share, *self.rates(lr, self.iterations + 1)

    def _more_than_counts(self):
        """What _advance does besides, in words."""
        return "holds weights to their constraints" if any(hasattr(v, "constraint") for v in self._stepped) else ""

    def _advance(self):
        for v in self._stepped:
            hold(v)
            v._note_edit()
        self.iterations += 1
        if self.iterations % FADED == 0:    # subnormal numbers would make each further step up to three times as long
            for stretch in self._stretches:
                stretch.drop_subnormal(self._faded())
        every = self.ema_overwrite_frequency
        if self.use_ema and every and self.iterations % every == 0:
            self.finalize_variable_values(self._stepped)

    def _faded(self):
        """The slots whose smallest numbers can as well be 0.

        Where a weight's gradient stays 0, as behind a dead relu, m is 0.9ᵗ m: subnormal after some 800 steps, for ever.
        A v so small is nothing beside ε.
        """
        return [name for name in self.fading if name == "m" or self.epsilon > 1e-11]

    def _every_few_steps(self):
        """To a saved program: (FADED, the arrays whose smallest numbers are then set to 0)."""
        names = self._faded()
        return FADED, [slot for flat in self._buffers.flats for name, slot in flat.slots.items()
                       if name in names and is_slowed(slot)]

    def finalize_variable_values(self, trainable_variables):
        """With use_ema, give these variables their averages, those that have been in a step; otherwise do nothing."""
        for v in trainable_variables:
            if self.use_ema and self._buffers.fits(v):
                v._data[...] = self._buffers.slots(v)["average"]
                hold(v)
                v.touch()

    def _clip(self, stretches):
        """Limit the gathered gradients, without asking a GPU for a number: min(1, c / norm) is c / max(norm, c)."""
        if self.clipvalue:
            for stretch in stretches:
                np.clip(stretch.gradient, -self.clipvalue, self.clipvalue, out=stretch.gradient)
        if self.clipnorm:
            for g in (g for stretch in stretches for g in stretch.gradients):
                g *= self.clipnorm / np.maximum(np.sqrt(np.dot(g, g)), self.clipnorm)
        if self.global_clipnorm:
            norm = np.sqrt(self.squares(sum(np.dot(stretch.gradient, stretch.gradient) for stretch in stretches)))
            for stretch in stretches:
                stretch.gradient *= self.global_clipnorm / np.maximum(norm, self.global_clipnorm)

    # -- the layout ----------------------------------------------------------------------------------------------------
    def build(self, variables):
        """Take these variables into the layout, in this order, before the first step; the others keep their places.

        The order in which variables come, here or in steps, numbers them in state().
        """
        self._build(variables, self._slots() | self._loaded)

    def _build(self, variables, slots):
        """Lay out all variables; slots, {"m.0": array}, is what is known of theirs, the others begin anew."""
        known = {id(v) for v in self.variables}
        new = [v for v in variables if id(v) not in known]
        for i, v in enumerate(new, len(self.variables)):
            if not isinstance(v, Tensor) or v.dtype.kind != "f":
                raise TypeError(f"{type(self).__name__}: variable {i} is no floating-point tensor: {v!r}")
        everything = list(dict.fromkeys([*self.variables, *new]))
        for i, v in enumerate(everything):
            for name in self.remembered:
                if np.shape(slots.get(f"{name}.{i}", v)) != v.shape:
                    raise ValueError(f"{type(self).__name__}: its slot {name} for variable {i} has shape "
                                     f"{slots[f'{name}.{i}'].shape}, the variable has {v.shape}")
        self._buffers, self._arrays = Buffers(everything, self.remembered, self._decays), None
        for i, v in enumerate(everything):
            for name, view in self._buffers.slots(v).items():
                if f"{name}.{i}" in slots:
                    view[...] = backend.asarray(slots.pop(f"{name}.{i}"), v.dtype, v.device)
        self.variables, self._loaded = everything, slots

    def _decays(self, v):
        excluded = v.ndim < 2 if self.exclude == "vectors" else self.exclude is not None and self.exclude(v)
        return bool(self.weight_decay) and not excluded

    @property
    def remembered(self):
        """The slots of the rule, the average, and what is accumulated."""
        more = {"average": None} if self.use_ema else {}
        return self.slots | more | ({"accumulated": 0.0} if self.gradient_accumulation_steps else {})

    def _slots(self):
        """{"m.0": array, ...}: the slots of every variable in the layout, as views."""
        return {f"{name}.{i}": view for i, v in enumerate(self.variables)
                for name, view in self._buffers.slots(v).items()}

    def _plan(self, pairs):
        """Make ready for steps that change these variables: lay out new ones, adopt replaced arrays, find stretches."""
        kind = type(self).__name__
        variables = [v for g, v in pairs if g is not None]
        if not variables:
            raise ValueError(f"{kind}: no variable has a gradient; did backward run, and does the loss depend on them?")
        if len({id(v) for _, v in pairs}) < len(pairs):
            raise ValueError(f"{kind}: a variable comes twice in one step; add its gradients up")
        if len(variables) < len(pairs) and not self._warned:
            missing = ", ".join(f"{i} of shape {v.shape}" for i, (g, v) in enumerate(pairs) if g is None)
            warnings.warn(f"{kind}: no gradient for variable {missing}; it stays as it is, now and whenever that is so",
                          stacklevel=3)
            self._warned = True
        if not all(self._buffers.fits(v) for v in variables):
            self.build([v for _, v in pairs])
        for v in variables:
            self._buffers.adopt(v)
        self._stepped, self._arrays = variables, [id(v._data) for v in variables]
        self._stretches = list(self._buffers.stretches(variables))

    # -- stopping and going on -----------------------------------------------------------------------------------------
    def state(self):
        """All that a step depends on besides the variables: ({"m.0": NumPy array, ...}, {"iterations": 7, ...}).

        m.0 is slot m for variable 0, counted in the order in which they came.  The second part can be written as JSON.
        """
        arrays = {name: backend.to_numpy(a) for name, a in (self._slots() | self._loaded).items()}
        rate = None if callable(self._learning_rate) else self._learning_rate
        settings = {"optimizer": type(self).__name__, "iterations": self.iterations, "learning_rate": rate}
        return arrays, settings | ({"waiting": self._waiting} if self.gradient_accumulation_steps else {})

    def load_state(self, state):
        """Go on from what state() returned, bit for bit, with the same variables in the same order.

        A learning rate that is a schedule isn't part of it: it is the one that this optimizer was made with.
        ValueError, and no change, if it is the state of another kind of optimizer or of variables of other shapes.
        """
        kind = type(self).__name__
        arrays, settings = state
        if settings["optimizer"] != kind:
            raise ValueError(f"{kind}: this is the state of {settings['optimizer']}")
        iterations = whole(f"{kind}: iterations", settings["iterations"], 0)
        n = len({name.rpartition(".")[2] for name in arrays})                           # 0: saved before the first step
        n = n and max(n, len(self.variables))
        wrong = arrays.keys() ^ {f"{name}.{i}" for name in self.remembered for i in range(n)}
        if wrong:
            raise ValueError(f"{kind}: missing from the state, or left over: {', '.join(sorted(wrong))}")
        if settings["learning_rate"] is not None:
            self.learning_rate = number(f"{kind}: learning_rate", settings["learning_rate"], 0)
        waiting = whole(f"{kind}: waiting", settings.get("waiting", 0), 0)
        self._build([], dict(arrays))
        self.iterations, self._waiting = iterations, waiting % (self.gradient_accumulation_steps or 1)

    def __getstate__(self):                 # for pickle and copy: slots by the number of their variable, no layout
        state = {k: v for k, v in vars(self).items() if k not in ("_buffers", "_stretches", "_stepped", "_arrays",
                                                                  "_fused", "_average")}
        return state | {"_loaded": self.state()[0]}

    def __setstate__(self, state):
        vars(self).update(state)
        self._no_layout()
        if self.variables:
            self._build([], self._loaded)

    def _no_layout(self):
        self._buffers, self._stretches, self._stepped, self._arrays = Buffers([], {}), [], [], None
        self._fused, self._average = fuse(self.update, type(self).__name__.lower()), fuse(update_average, "average")

    def get_config(self):
        return super().get_config() | {"learning_rate": self._learning_rate}
