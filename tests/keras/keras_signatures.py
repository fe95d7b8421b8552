"""Writes keras_signatures.json, the signatures of Keras' public names: python tests/keras/keras_signatures.py

Run it where Keras is installed (pip install keras, and one of its backends); the tests need only the file.
"""
import inspect
import json
from pathlib import Path

TABLE = Path(__file__).parent / "keras_signatures.json"
SETS = ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "boston_housing", "california_housing")
MODULES = ("layers", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks", "initializers",
           "regularizers", "constraints", "utils", "activations", "ops", "random", "datasets", "models", "saving",
           "backend", *(f"datasets.{name}" for name in SETS))
METHODS = {"Model": ("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "get_layer", "summary",
                     "compute_loss", "save", "save_weights", "load_weights", "to_json"),
           "Optimizer": ("apply", "apply_gradients"),
           "Layer": ("add_weight", "add_loss", "get_weights", "set_weights"),
           "Sequential": ("add", "pop")}


def parameters(function):
    """[[name, default], ...] in order, [name] without default; "*" as in Python; a default as JSON or its text."""
    found, by_name = [], False
    for p in inspect.signature(function).parameters.values():
        if p.name == "self":
            continue
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            found.append([("*" if p.kind is p.VAR_POSITIONAL else "**") + p.name])
            by_name = by_name or p.kind is p.VAR_POSITIONAL
            continue
        if p.kind is p.KEYWORD_ONLY and not by_name:
            found.append(["*"])
            by_name = True
        default = json.loads(json.dumps(p.default)) if isinstance(p.default, tuple) else p.default
        plain = default is None or isinstance(default, (bool, int, float, str, list))
        found.append([p.name] if p.default is p.empty else [p.name, default if plain else str(default)])
    return found


def main():
    import keras
    table = {}
    for module in MODULES:
        names = keras
        for part in module.split("."):
            names = getattr(names, part)
        for name, value in sorted(vars(names).items()):
            if not name.startswith("_") and callable(value):
                table[f"{module}.{name}"] = parameters(value.__init__ if isinstance(value, type) else value)
    for kind, methods in METHODS.items():
        for method in methods:
            if hasattr(getattr(keras, kind), method):
                table[f"{kind}.{method}"] = parameters(getattr(getattr(keras, kind), method))
    table["Input"] = parameters(keras.Input)
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in table.items())
    TABLE.write_text(f'{{"keras": {json.dumps(keras.__version__)}, "names": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
