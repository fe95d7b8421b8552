"""`minigrad train digits`: the main job, a dense network trained on real data from start to finish.

    minigrad train digits                  the network of the README on 1,797 handwritten digits
    minigrad train digits --data mnist     the same on 5,000 MNIST digits of 28 x 28 pixels
"""
from pathlib import Path

import numpy as np

from ..engine import backend
from .options import a_path, seed, use, whole_number, writable

DATA = {"digits": "load_digits", "mnist": "load_mnist5k", "mnist-full": "load_mnist", "fashion": "load_fashion_mnist"}


def add_arguments(parser):
    parser.add_argument("--data", choices=DATA, default="digits",
                        help="digits: 1,797 of 8x8 pixels; mnist: 5,000 MNIST digits of 28x28; mnist-full and fashion: "
                             "70,000 images of 28x28, downloaded")
    parser.add_argument("--out", type=a_path, default=Path("runs/digits"), metavar="DIR",
                        help="where weights, history and picture go (default: runs/digits)")
    parser.add_argument("--epochs", type=whole_number(1), default=10, help="passes over the data (default: 10)")
    parser.add_argument("--batch-size", type=whole_number(1), default=32, help="images per step (default: 32)")
    parser.add_argument("--seed", type=seed, default=0,
                        help="of weights, shuffles and the split (default: 0)")
    parser.add_argument("--device", default="cpu", help='"cpu", "gpu" or "gpu:1" (default: cpu)')


def build():
    """The seed network: Dense 64 relu, Dense 64 relu, Dense 10; Adam(0.01); categorical cross-entropy from logits."""
    from .. import keras
    model = keras.Sequential()
    model.add(keras.layers.Dense(64, activation="relu"))
    model.add(keras.layers.Dense(64, activation="relu"))
    model.add(keras.layers.Dense(10))
    model.compile(optimizer=keras.optimizers.Adam(0.01),
                  loss=keras.losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def run(args):
    from .. import viz
    from ..data import datasets
    from ..data.loading import one_hot, split
    from ..engine.recording import no_grad
    from ..keras import callbacks
    use(args.device)
    writable(args.out, "Sequential")
    backend.seed(args.seed)
    dataset = getattr(datasets, DATA[args.data])()
    (x, y), (x_test, y_test) = split(dataset.x, dataset.y, fraction=0.2, seed=args.seed, stratify=dataset.y)
    (x, y), (x_val, y_val) = split(x, y, fraction=0.2, seed=args.seed, stratify=y)
    classes = len(dataset.class_names)
    print(f"{dataset.name}: {len(x)} images to train on, {len(x_val)} to validate, {len(x_test)} held out for the test")

    model = build()
    interrupted = False
    try:
        model.fit(x, one_hot(y, classes), epochs=args.epochs, batch_size=args.batch_size,
                  validation_data=(x_val, one_hot(y_val, classes)),
                  callbacks=[callbacks.CSVLogger(args.out / "history.csv"),
                             callbacks.EarlyStopping("val_loss", patience=args.epochs, restore_best_weights=True)])
    except KeyboardInterrupt:               # what was trained so far is worth keeping
        interrupted = True
        if not model.built:
            raise
    loss, accuracy = model.evaluate(x_test, one_hot(y_test, classes), verbose=0)
    logits = model.predict(x_test, verbose=0)
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    model.save(args.out / "model")
    with no_grad():
        viz.training_report(model.history.history, x_test.reshape(-1, *dataset.image_shape), y_test, probabilities,
                            dataset.class_names, args.out / "report.png")
    print(f"test accuracy {accuracy:.4f}, loss {loss:.4f} nats, on {len(x_test)} held-out images")
    print(f"wrote model, history.csv and report.png to {args.out}")
    if interrupted:
        print(f"stopped by Ctrl-C after {len(model.history.epoch)} whole epochs; what was trained is saved")
    return 130 if interrupted else 0
