"""Learning rates that change as training goes on: a schedule is a function of the step, 0 for the first one.

    optimizer = Adam(CosineDecay(0.0, decay_steps=1000, warmup_target=0.01, warmup_steps=100))

Any function of the step will do; these also know their configuration, so that a model that uses them can be saved.
Keras' names, arguments and meanings, but for OneCycle and ConstantRate, which Keras lacks.
"""
import bisect
import math

from ...support.arguments import shown
from ...support.explaining import explained
from ...support.names import Configured, find


class LearningRateSchedule(Configured):
    """A subclass writes __call__(step) -> float."""

    def __call__(self, step):
        raise NotImplementedError(f"{type(self).__name__} needs a method __call__(self, step)")

    def check_steps(self, **steps):
        for name, n in steps.items():
            if not n > 0:
                raise ValueError(f"{type(self).__name__}: {name} must be above 0, got {shown(n)}")


class ConstantRate(LearningRateSchedule):
    """The same rate at every step."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate

    def __call__(self, step):
        return self.learning_rate


class PiecewiseConstantDecay(LearningRateSchedule):
    """Steps down a stair: values[0] up to and with step boundaries[0], values[1] up to boundaries[1], ..."""

    def __init__(self, boundaries, values):
        boundaries, values = list(boundaries), list(values)
        if len(values) != len(boundaries) + 1 or boundaries != sorted(set(boundaries)):
            raise ValueError("PiecewiseConstantDecay: boundaries must increase, and values be one more than they; "
                             f"got {boundaries} and {values}")
        self.boundaries, self.values = boundaries, values

    def __call__(self, step):
        return self.values[bisect.bisect_left(self.boundaries, step)]


class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate · decay_rate ^ (step / decay_steps); the exponent rounded down if staircase."""

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        self.check_steps(decay_steps=decay_steps, decay_rate=decay_rate)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase = decay_rate, staircase

    def __call__(self, step):
        power = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** power


class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate · step / decay_steps); the quotient rounded down if staircase."""

    def __init__(self, initial_learning_rate, decay_steps, decay_rate, staircase=False):
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase = decay_rate, staircase

    def __call__(self, step):
        quotient = step // self.decay_steps if self.staircase else step / self.decay_steps
        return self.initial_learning_rate / (1 + self.decay_rate * quotient)


class PolynomialDecay(LearningRateSchedule):
    """(initial - end) (1 - step / decay_steps)^power + end, end being end_learning_rate, which stays from then on.

    cycle   at each end of decay_steps, begin anew with twice, thrice, ... as many
    """

    def __init__(self, initial_learning_rate, decay_steps, end_learning_rate=0.0001, power=1.0, cycle=False):
        self.initial_learning_rate, self.decay_steps, self.power = initial_learning_rate, decay_steps, power
        self.end_learning_rate, self.cycle = end_learning_rate, cycle

    def __call__(self, step):
        steps = self.decay_steps * max(math.ceil(step / self.decay_steps), 1) if self.cycle else self.decay_steps
        part = 1 - min(step / steps, 1.0)
        return (self.initial_learning_rate - self.end_learning_rate) * part ** self.power + self.end_learning_rate


@explained
def cosine(start, end, part):
    """From start to end, part going from 0 to 1: along half a wave, flat at both ends."""
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(part, 1.0)))


class CosineDecay(LearningRateSchedule):
    """After a linear warm-up, half a cosine wave down to alpha times the highest rate.  (Loshchilov & Hutter 2016)

        step < warmup_steps     initial_learning_rate + (warmup_target - initial_learning_rate) step / warmup_steps
        after it                the cosine from warmup_target to alpha · warmup_target, in decay_steps more steps

    Without warmup_target there is no warm-up, and the cosine begins at initial_learning_rate.
    """

    def __init__(self, initial_learning_rate, decay_steps, alpha=0.0, *, warmup_target=None, warmup_steps=0):
        self.check_steps(decay_steps=decay_steps)
        if warmup_target is None and warmup_steps:
            raise ValueError("CosineDecay: warmup_steps need a warmup_target, the rate to warm up to")
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step):
        top = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        if step < self.warmup_steps:
            return self.initial_learning_rate + (top - self.initial_learning_rate) * step / self.warmup_steps
        return cosine(top, self.alpha * top, (step - self.warmup_steps) / self.decay_steps)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine wave down to alpha times the highest rate, again and again.  (Loshchilov & Hutter 2016)

    The first takes first_decay_steps, each next one t_mul times as many, beginning at m_mul times the rate.
    """

    def __init__(self, initial_learning_rate, first_decay_steps, t_mul=2.0, m_mul=1.0, alpha=0.0):
        if not t_mul >= 1:
            raise ValueError(f"CosineDecayRestarts: t_mul must be at least 1, not {shown(t_mul)}")
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha = t_mul, m_mul, alpha

    def __call__(self, step):
        done = step / self.first_decay_steps            # in lengths of the first wave
        if self.t_mul == 1.0:
            number, part = divmod(done, 1)
        else:                               # n waves take (t_mul^n - 1) / (t_mul - 1)
            number = math.floor(math.log(1 + done * (self.t_mul - 1), self.t_mul) + 1e-12)
            part = (done - (self.t_mul ** number - 1) / (self.t_mul - 1)) / self.t_mul ** number
        wave = cosine(1.0, self.alpha, part)
        return self.initial_learning_rate * self.m_mul ** number * wave


class OneCycle(LearningRateSchedule):
    """Up to max_learning_rate and down again, both along half a cosine wave.  (Smith & Topin 2017)

    It begins at max_learning_rate / div_factor, is highest after the fraction pct_start of total_steps, and ends at
    1 / final_div_factor of its beginning: the form and defaults of torch.optim.lr_scheduler.OneCycleLR.
    """

    def __init__(self, max_learning_rate, total_steps, pct_start=0.3, div_factor=25.0, final_div_factor=1e4):
        self.check_steps(total_steps=total_steps)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycle: pct_start is a fraction, from 0 to 1, got {shown(pct_start)}")
        self.max_learning_rate, self.total_steps, self.pct_start = max_learning_rate, total_steps, pct_start
        self.div_factor, self.final_div_factor = div_factor, final_div_factor

    def __call__(self, step):
        start, top = self.max_learning_rate / self.div_factor, self.max_learning_rate
        peak, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        if step <= peak:
            return cosine(start, top, step / peak if peak else 1.0)
        return cosine(top, start / self.final_div_factor, (step - peak) / (last - peak))


Constant = ConstantRate                     # its name in version 0.1.0
SCHEDULES = {"constant": ConstantRate, "piecewise_constant_decay": PiecewiseConstantDecay,
             "exponential_decay": ExponentialDecay, "inverse_time_decay": InverseTimeDecay,
             "polynomial_decay": PolynomialDecay, "cosine_decay": CosineDecay,
             "cosine_decay_restarts": CosineDecayRestarts, "one_cycle": OneCycle}


@explained
def get(name, config=None):
    """A schedule from its name and configuration: get("constant", {"learning_rate": 0.1})."""
    return find("schedule", SCHEDULES, name).from_config(config or {})
