"""`minigrad train diffusion`: digits out of noise, beside those of a variational autoencoder, and a judge of both.

    minigrad train diffusion                    8 x 8 pixels
    minigrad train diffusion --data mnist       28 x 28 pixels, as 14 x 14 of four channels
"""
from pathlib import Path

import numpy as np

from .options import a_path, number, seed, use, whole_number, writable

DATA = {"digits": "load_digits", "mnist": "load_mnist5k"}


def add_arguments(parser):
    parser.add_argument("--data", choices=DATA, default="digits",
                        help="digits: 1,797 of 8x8 pixels; mnist: 5,000 MNIST digits of 28x28")
    parser.add_argument("--out", type=a_path, default=Path("runs/diffusion"), metavar="DIR",
                        help="where the model and its images go (default: runs/diffusion)")
    parser.add_argument("--epochs", type=whole_number(1), default=30, help="passes over the data (default: 30)")
    parser.add_argument("--guidance", type=number(0), default=1.0, metavar="W",
                        help="1: images as likely as real ones; more: clearer, and alike (default: 1)")
    parser.add_argument("--seed", type=seed, default=0,
                        help="of weights, noise, shuffles and the split (default: 0)")
    parser.add_argument("--device", default="cpu", help='"cpu", "gpu" or "gpu:1" (default: cpu)')


def run(args):
    from ..data import datasets
    from ..data.loading import split
    from ..engine import backend
    from ..keras.optimizers import Adam
    from ..zoo import diffusion
    from ..zoo.vae import VAE
    use(args.device)
    writable(args.out, "UNet")
    dataset = getattr(datasets, DATA[args.data])()
    images = (2 * dataset.x / dataset.x.max() - 1).astype(np.float32).reshape(-1, *dataset.image_shape, 1)
    (x, y), (x_test, y_test) = split(images, dataset.y, fraction=0.2, seed=args.seed, stratify=dataset.y)
    square = 1 if args.data == "digits" else 2                      # pixels on a side that become channels of one
    small = diffusion.space_to_depth(x, square)
    print(f"{dataset.name}: {len(x):,} images to learn from, {len(x_test):,} held out", flush=True)

    backend.seed(args.seed)
    print("\na variational autoencoder, in one go", flush=True)
    vae = VAE(x.shape[1:])
    vae.compile(Adam(2e-3))
    if stopped := _kept(vae, args.out / "autoencoder", lambda: vae.fit({"x": x, "y": y}, epochs=args.epochs,
                                                                      batch_size=64)):
        print(stopped)
        return 130
    backend.seed(args.seed)
    print("\na U-Net, in many small steps", flush=True)
    model = diffusion.UNet(small.shape[-1])
    if stopped := _kept(model, args.out / "model", lambda: diffusion.train(model, small, y, args.epochs,
                                                                           learning_rate=3e-3, seed=args.seed)):
        print(f"{stopped}, its weights not averaged")
        return 130
    made = diffusion.sample(model, y_test, small.shape[1:], guidance=args.guidance, seed=args.seed)
    _report(args.out, (x, y), (x_test, y_test), vae.sample(y_test, args.seed), diffusion.depth_to_space(made, square),
            diffusion.Judge(x, y, args.seed))
    print(f"wrote model, autoencoder and samples.png to {args.out}")
    return 0


def _kept(model, folder, train):
    """Train a model and save it, also what a Ctrl-C leaves of it; then in words where it is."""
    stopped = ""
    try:
        train()
    except KeyboardInterrupt:               # what was trained so far is worth keeping
        if not model.built:
            raise
        stopped = f"stopped by Ctrl-C; what was trained is saved to {folder}"
    model.save(folder)
    return stopped


def _report(out, training, held_out, decoded, made, judge):
    """The table of measures, printed, and the first image of each class in samples.png.

    decoded, made   the autoencoder's and the diffusion model's images for the labels held out
    """
    from .. import viz
    from ..zoo.diffusion import nearest
    (x, y), (x_test, y_test) = training, held_out
    n, means = len(x_test), np.stack([x[y == k].mean(axis=0) for k in range(10)])
    print(f"\n{n} images of each       judged right   distance   nearest of the training")
    for name, z, labels in (("real images, of the training", x[:n], y[:n]),
                            ("the mean of each class", means[y_test], y_test),
                            ("autoencoder", decoded, y_test), ("diffusion", made, y_test)):
        print(f"{name:28} {judge.right(z, labels):12.3f} {judge.distance(z, x_test):10.2f} "
              f"{np.median(nearest(z, x)):12.2f}", flush=True)
    print(f"{'real images, held out':28} {judge.right(x_test, y_test):12.3f} {'':10} "
          f"{np.median(nearest(x_test, x)):12.2f}")
    first = [np.flatnonzero(y_test == k)[0] for k in range(10)]
    titles = [name if k == 0 else "" for name in ("real", "autoencoder", "diffusion") for k in range(10)]
    images = np.concatenate([z[first] for z in (x_test, decoded, made)])[..., 0]
    viz.save(viz.image_grid((images + 1) / 2, titles, columns=10, size=0.8), out / "samples.png")
