"""Bad arguments for every public function, class and op: what comes back is a result, or one error in minigrad's words.

A call is described by a name and a seed, so that a finding can be made again:  python -m tests.house.battery NAME SEED
"""
import inspect
import io
import math
import random
import re
import signal
import sys
import traceback
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad.learn.watching import NotDone
from minigrad.support.errors import Failure, UsageError
from minigrad.support.explaining import from_inside

HOME = str(Path(mg.__file__).parent)
ALLOWED = (ValueError, TypeError, RuntimeError, Failure, UsageError, mg.learn.Wrong, mg.testing.GradientError,
           mg.testing.CannotTell, NotDone, IndexError, OSError)  # IndexError: what iteration and indexing must end in
SIGNATURE = re.compile(r"(takes|missing) .*(argument|keyword)|(unexpected keyword|multiple values for) argument")
# What isn't called: it talks to the network or to other processes, ends this one, or changes it for all that follow.
# And the rooms' shared helpers, which have names without an underscore but aren't for users.
LEFT = {"profile.forward_flops", "profile.backward_flops", "profile.bytes_moved", "losses.real", "losses.like",
        "losses.matched", "losses.class_numbers", "losses.weights_like", "losses.per_sample", "models.Training",
        "metrics.find", "losses.find",
        "corpora.fetch", "datasets.download", "datasets.load_mnist", "datasets.load_fashion_mnist", "distributed.world",
        "backend.nccl", "backend.cupy", "ops.attach", "learn.exercise", "learn.check"}
# Methods that are there to be overridden, which fit calls; or to be called by other methods.
HOOKS = {"call", "build", "walk", "children", "add_loss", "step_on", "minimize", "compute_loss", "train_step",
         "predict_step", "test_step"}
SECONDS = 20                            # that a call may take: a few on a machine that does much else


class Anything:
    """A stranger's object."""


def bad_values():
    return [None, True, -1, 0, 1, 3, 2.5, math.nan, math.inf, -math.inf, 10 ** 30, 1j, "x", "", "relu", b"x",
            [], [None], [1, 2], [[1], [2, 3]], ["a", 1], (), (1, "a"), (2, 3), {}, {"a": 1}, {1, 2},
            Anything(), Anything, Ellipsis,
            slice(1), range(3), lambda: 3, lambda *a, **k: None, np.float32(2), np.array([]), np.array("x"),
            np.array([1.0, math.nan]), np.array([["a"]]), np.array([None, 1], object), np.array([1j]), np.zeros((0, 3)),
            np.zeros((2, 3, 4, 5, 6)), np.arange(3), np.array([True, False]), np.datetime64("2020-01-01"),
            np.array(["2020-01-01"], "M8[D]"), np.ma.array([1.0, 2.0], mask=[False, True]), mg.tensor([1.0, 2.0]),
            mg.tensor(2.0, requires_grad=True), mg.tensor(np.ones((2, 3)), requires_grad=True), iter([1, 2]),
            Path("nowhere"), io.StringIO("a line\n"), NotImplemented]


def model():
    made = mg.keras.Sequential([mg.layers.Dense(4, "relu"), mg.layers.Dense(3)])
    made.compile("sgd", mg.losses.SparseCategoricalCrossentropy(from_logits=True))
    made.build((None, 5))
    return made


X = np.random.default_rng(0).random((6, 5)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, 2])
IMAGES = np.random.default_rng(1).random((6, 8, 8)).astype(np.float32)


def square(*xs, **params):
    return (xs[0] * xs[0]).sum() if xs else 1.0


# what an argument of this name may well be, or of this name in this function: values are called if they are functions
GOOD = {
    "f": lambda: square, "function": lambda: square, "axis": lambda: 0, "axes": lambda: (0, 1), "x": lambda: X,
    "inputs": lambda: X, "labels": lambda: Y, "y": lambda: Y, "y_true": lambda: X, "y_pred": lambda: X,
    "images": lambda: IMAGES, "model": model, "classifier": model, "adversary": model,
    "layer": lambda: model().layers[0],
    "layers": lambda: {"a": X}, "optimizer": lambda: mg.optimizers.SGD(0.1), "loss": lambda: "mse", "units": lambda: 3,
    "shape": lambda: (2, 3), "group": lambda: Y > 0, "d": lambda: Y > 1, "s": lambda: X[:, 0], "p": lambda: X[:, 0],
    "class_names": lambda: ("a", "b", "c"), "probabilities": lambda: X[:, :3] / X[:, :3].sum(1, keepdims=True),
    "predicted": lambda: Y, "history": lambda: {"loss": [3.0, 2.0]}, "image": lambda: IMAGES[0], "maps": lambda: IMAGES,
    "weights": lambda: X, "points": lambda: X[:, :2], "classify": lambda: lambda p: (p[:, 0] > 0).astype(int),
    "path": lambda: "out.png", "folder": lambda: "absent", "filename": lambda: "a.csv", "filepath": lambda: "a",
    "backup_dir": lambda: "b", "epsilon": lambda: 0.1, "epsilons": lambda: [0.1], "delta": lambda: 1e-5,
    "q": lambda: 0.1, "noise": lambda: 1.0, "clip": lambda: 1.0, "steps": lambda: 3, "rate": lambda: 0.3,
    "people": lambda: 100, "order": lambda: 2.0, "divergences": lambda: np.ones(5), "orders": lambda: (2, 3, 4, 5, 6),
    "trigger": lambda: IMAGES[0], "mask": lambda: IMAGES[0] > 0.5, "target": lambda: 1, "features": lambda: X,
    "test_features": lambda: X, "test_labels": lambda: Y, "score": lambda: lambda x, y: 0.5, "num_classes": lambda: 3,
    "losses": lambda: X, "data": lambda: X, "array": lambda: X, "member_losses": lambda: X[0],
    "other_losses": lambda: X[1], "shadow_losses": lambda: X, "was_in": lambda: X > 0.5, "base": lambda: 0.3,
    "ppv": lambda: 0.5, "tpr": lambda: 0.5, "k": lambda: 1, "n": lambda: 3, "a": lambda: X, "b": lambda: X,
    "filters": lambda: 2, "kernel_size": lambda: 3, "pool_size": lambda: 2, "input_dim": lambda: 5,
    "output_dim": lambda: 4, "num_heads": lambda: 2, "key_dim": lambda: 2, "target_shape": lambda: (3,),
    "dims": lambda: (1,), "activation": lambda: "relu", "boundaries": lambda: [1], "values": lambda: [0.1, 0.2],
    "decay_steps": lambda: 10, "decay_rate": lambda: 0.5, "initial_learning_rate": lambda: 0.1,
    "max_learning_rate": lambda: 0.1, "total_steps": lambda: 10, "learning_rate": lambda: 0.1,
    "schedule": lambda: lambda epoch, rate: rate, "statistic": lambda: np.mean, "paths": lambda: [X[:, :2]],
    "limits": lambda: (-2, 2, -2, 2), "method": lambda: mg.interpretability.saliency, "norm": lambda: math.inf,
    "dtype": lambda: "float32", "fig": lambda: _figure(), "ax": lambda: _figure().axes[0], "name": lambda: "exp",
    "gaps": lambda: X[0], "accuracies": lambda: X[1], "sizes": lambda: X[0], "g": lambda: X, "v": lambda: X,
    "args": lambda: (X,), "tangents": lambda: (X,), "gradients": lambda: {"a": X}, "indices": lambda: np.array([0, 1]),
    "sections": lambda: 2, "subscripts": lambda: "ij->i", "operands": lambda: X, "xs": lambda: X, "tree": lambda: [X],
    "viz.decision_boundary:labels": lambda: Y, "learn.for_all:holds": lambda: lambda x: True,
    "viz.descent:f": lambda: lambda x, y: x * x + y * y, "viz.descent_film:f": lambda: lambda x, y: x * x + y * y,
    "criterion": lambda: "demographic_parity", "thresholds": lambda: {False: 0.5, True: 0.5}, "kind": lambda: "loss",
    "attack": lambda: mg.security.fgsm, "viz.attention_maps:weights": lambda: IMAGES, "keys": lambda: None,
}
_pictures = []


def _figure():
    if not _pictures:
        import matplotlib.pyplot as plt
        _pictures.append(plt.subplots()[0])
    return _pictures[0]


def forget_pictures():
    _pictures.clear()
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


# -- what there is -----------------------------------------------------------------------------------------------------
def functions():
    """{"fairness.rates": function, class or op, ...}: all that minigrad's public modules offer, each once."""
    found = {}
    for home in ("", *mg.PUBLIC):
        module = getattr(mg, home) if home else mg
        for name in dir(module):
            f = None if name.startswith("_") else getattr(module, name, None)
            ours = str(getattr(f, "__module__", "")).startswith("minigrad") and home != "backend"
            if home and not hasattr(module, "__path__"):        # a file: what it imports is another's
                ours = ours and f.__module__ == module.__name__
            if ours and callable(f) and not (isinstance(f, type) and issubclass(f, BaseException)):
                found.setdefault(id(f), (f"{home or 'mg'}.{name}", f))
    return {path: f for path, f in found.values() if path not in LEFT} | methods()


def methods():
    """Those of a tensor and of a model, bound when they are called."""
    found = {}
    for home, make in {"Tensor": lambda: mg.tensor(X, requires_grad=True), "Model": model}.items():
        kind = type(make())
        for name, f in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and f.__module__.startswith("minigrad") and name not in HOOKS:
                found[f"{home}.{name}"] = _method(make, name, f)
    return found


def _method(make, name, f):
    def call(*args, **kwargs):
        return getattr(make(), name)(*args, **kwargs)
    parameters = list(inspect.signature(f).parameters.values())[1:]
    call.__signature__ = inspect.Signature(parameters)
    return call


def call_of(path, f, seed):
    """(args, kwargs) for one call: mostly good, at least one bad."""
    rng, bad = random.Random(f"{path} {seed}"), bad_values()
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if isinstance(f, type) and parameters and all(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        parameters = list(inspect.signature(f.__init__).parameters.values())[1:]
    args, kwargs, spoiled = [], {}, rng.randrange(max(len(parameters), 1))
    for i, p in enumerate(parameters):
        good = GOOD.get(f"{path}:{p.name}", GOOD.get(p.name))
        optional = p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        spoil = i == spoiled or rng.random() < (0.1 if optional else 0.2)
        if not spoil and optional and not (p.kind is p.VAR_POSITIONAL and good):
            continue
        value = rng.choice(bad) if spoil or good is None else good()
        if p.kind is p.VAR_POSITIONAL:
            args += [value] if rng.random() < 0.6 else [value, rng.choice(bad)]
        elif p.kind is p.VAR_KEYWORD:
            kwargs[rng.choice(("x", "axis", "name", "dtype"))] = value
        elif p.kind is p.POSITIONAL_ONLY or p.kind is p.POSITIONAL_OR_KEYWORD and not kwargs and len(args) == i:
            args.append(value)
        else:
            kwargs[p.name] = value
    return args, kwargs


# -- what comes back ---------------------------------------------------------------------------------------------------
def fault_of(path, f, seed):
    """What is wrong with how a bad call ended, in a sentence; None if nothing is."""
    args, kwargs = call_of(path, f, seed)
    try:
        with within(SECONDS), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = f(*args, **kwargs)
            if inspect.isgenerator(result):
                next(result, None)
            return None
    except TimeoutError:
        return f"took more than {SECONDS} s"
    except ALLOWED as error:
        if not said_by_us(error):
            return f"{type(error).__name__} in {place(error)}: {str(error)[:120]}"
        return None if len(str(error)) < 1500 else f"a message of {len(str(error))} characters"
    except Exception as error:
        return f"{type(error).__name__} in {place(error)}: {str(error)[:120]}"


def said_by_us(error):
    """Whether a line of minigrad raised it, or Python because the call itself didn't fit the signature."""
    frames, raw, error = frames_of(error), _frames(error), _without_us(error)
    if isinstance(error, TypeError) and SIGNATURE.search(str(error)) or __file__ in dict(raw[2:]):
        return True                             # an argument missing, or one too many; or a stranger's function raised
    return frames[-1][0].startswith(HOME) and not from_inside(error)


def _without_us(error):
    """The error as minigrad knows it, without this file's frames."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__ and trace.tb_next:
        trace = trace.tb_next
    return error.with_traceback(trace)


def frames_of(error):
    found = _frames(error)
    return [frame for frame in found if frame[0] != __file__] or found[:1]


def _frames(error):
    return [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]


def place(error):
    own = [(name, line) for name, line in frames_of(error) if name.startswith(HOME)] or frames_of(error)
    return f"{own[-1][0].removeprefix(HOME + '/')}:{own[-1][1]}"


@contextmanager
def within(seconds):
    """A block that ends in a TimeoutError when it takes longer."""
    def ring(number, frame):
        raise TimeoutError
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(path, seed):
    f = functions()[path]
    args, kwargs = call_of(path, f, int(seed))
    print(f"{path}(*{args!r}, **{kwargs!r})")
    f(*args, **kwargs)


if __name__ == "__main__":
    main(*sys.argv[1:])
