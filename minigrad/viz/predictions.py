"""What a classifier makes of its data: single predictions with probabilities, all of them counted, and a report."""
import numpy as np

from ..support.meanings import checked
from .curves import ASIDE, learning_curves
from .images import draw_image
from .style import BLUE, FAINT, INK, ORANGE, RED, as_array, bare, figure, save, styled

TOP = 3                                     # classes shown for a prediction
NAME = 0.07                                 # inches for each letter of a class's name


# -- single predictions ----------------------------------------------------------------------------------------------
@checked
@styled
def predictions(images, labels, probabilities, class_names, count=12, columns=6):
    """Some images with their likeliest classes: first wrong ones (✗, framed), the surest on top, then right ones (✓).

    images (n, height, width) or (n, height, width, 3), labels (n,) class numbers, probabilities (n, classes)
    """
    images, labels, probabilities = check(images, labels, probabilities, class_names, "predictions")
    chosen = choose(probabilities, labels, count)
    columns = min(columns, len(chosen))
    rows, width = -(-len(chosen) // columns), 1.15 + NAME * max(len(str(name)) for name in class_names)
    fig, axes = figure(width * columns, 1.95 * rows, 2 * rows, columns, squeeze=False, height_ratios=[2.3, 1] * rows)
    _fill(axes, images, labels, probabilities, class_names, chosen)
    wrong = int((probabilities.argmax(axis=1) != labels).sum())
    fig.alt = (f"{len(chosen)} images with the probabilities of their {TOP} likeliest classes; "
               f"{wrong} of {len(labels)} are wrong. {_told(labels, probabilities, class_names, chosen)}")
    return fig


def check(images, labels, probabilities, class_names, who):
    """The three as arrays, if they belong together."""
    images, labels, probabilities = as_array(images), np.asarray(labels), as_array(probabilities)
    n, classes = len(labels), len(class_names)
    if probabilities.shape != (n, classes) or not n:
        raise ValueError(f"{who}: probabilities must be ({n} examples, {classes} classes), not {probabilities.shape}")
    if len(images) != n or images.ndim != 3 and (images.ndim != 4 or images.shape[-1] != 3):
        raise ValueError(f"{who}: images must be ({n}, height, width) or ({n}, height, width, 3), not {images.shape}")
    _classes(labels, classes, who)
    return images, labels, probabilities


def _classes(numbers, classes, who):
    if numbers.dtype.kind not in "iu" or numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise ValueError(f"{who}: classes must be whole numbers from 0 to {classes - 1}, as there are {classes} names")


def choose(probabilities, labels, count):
    """Which examples to show: up to half of them wrong, the surest first; then right ones, from the least sure up."""
    sureness, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(-sureness[wrong], kind="stable")]
    right = np.flatnonzero(right)
    right = right[np.argsort(sureness[right], kind="stable")]
    wrong = wrong[:max(count // 2, count - len(right))]
    some = min(count - len(wrong), len(right))
    return np.concatenate([wrong, right[np.linspace(0, len(right) - 1, some).astype(int)] if some else right[:0]])


def _fill(axes, images, labels, probabilities, class_names, chosen):
    """Predictions into a grid of axes: rows in pairs, an image and its bars below."""
    rows, columns = axes.shape
    for k in range(rows // 2 * columns):
        pair = axes[2 * (k // columns), k % columns], axes[2 * (k // columns) + 1, k % columns]
        if k < len(chosen):
            n = chosen[k]
            _prediction(*pair, images[n], probabilities[n], labels[n], class_names)
        else:
            for ax in pair:
                ax.set_visible(False)


def _prediction(image_ax, bar_ax, image, probabilities, label, class_names):
    predicted = int(probabilities.argmax())
    right = predicted == label
    bare(image_ax)
    draw_image(image_ax, image)
    image_ax.set_anchor("S")                # right above its bars
    title = f"✓ {class_names[predicted]}" if right else f"✗ {class_names[predicted]}, not {class_names[label]}"
    looks = {} if right else {"color": RED, "fontweight": "bold"}
    image_ax.set_title(title, fontsize=8.5, loc="center", pad=3, **looks)
    for spine in image_ax.spines.values():
        spine.set(visible=not right, color=RED, linewidth=1.5)
    top = np.argsort(-probabilities, kind="stable")[:TOP]
    bar_ax.barh(range(len(top)), probabilities[top], color=[BLUE if k == label else "0.72" for k in top], height=0.78)
    bar_ax.set(xlim=(0, 1.45), yticks=range(len(top)), yticklabels=[class_names[k] for k in top], xticks=[])
    bar_ax.tick_params(length=0, labelsize=7, pad=2)
    bar_ax.invert_yaxis()
    for tick, k in zip(bar_ax.get_yticklabels(), top):
        tick.set_fontweight("bold" if k == label else "normal")
    for spine in bar_ax.spines.values():
        spine.set_visible(False)
    for row, k in enumerate(top):
        bar_ax.text(probabilities[k] + 0.04, row, _percent(probabilities[k]), va="center", fontsize=7, color=INK)


def _percent(p):
    """A probability to read: never 100% or 0% for what isn't certain."""
    return "> 99%" if 0.995 <= p < 1 else "< 1%" if 0 < p < 0.005 else f"{p:.0%}"


def _told(labels, probabilities, class_names, chosen):
    """The wrong ones among those shown, in words."""
    wrong = [f"{class_names[labels[n]]} taken for {class_names[p.argmax()]} with {_percent(p.max())}"
             for n, p in zip(chosen, probabilities[chosen]) if p.argmax() != labels[n]]
    return f"Wrong among those shown: {'; '.join(wrong)}." if wrong else "None of those shown is wrong."


# -- all of them -----------------------------------------------------------------------------------------------------
@checked
@styled
def confusion_matrix(labels, predicted, class_names, ax=None):
    """How often each true class (row) was taken for each class (column).

    Numbers are counts.  Colours are shares of the row: blue on the diagonal for what is right, and orange for what is
    mistaken, on a finer scale (up to the largest mistake, or a tenth) so that few mistakes are seen as well.
    """
    labels, predicted, n = np.asarray(labels), np.asarray(predicted), len(class_names)
    if labels.shape != predicted.shape or labels.ndim != 1 or not labels.size:
        raise ValueError(f"confusion_matrix: labels {labels.shape} and predicted {predicted.shape} must both be (n,)")
    _classes(labels, n, "confusion_matrix")
    _classes(predicted, n, "confusion_matrix")
    counts = np.zeros((n, n), int)
    np.add.at(counts, (labels, predicted), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names, fig = [str(name) for name in class_names], None
    if ax is None:
        size = min(0.36 * n, 9)
        fig, ax = figure(1.5 + size, 1.2 + size)
    _shade(ax, share)
    many = n > 25                           # too many for a number in each cell
    for i, j in zip(*np.nonzero(counts)) if not many else ():
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=7.5,
                color="white" if i == j and share[i, j] > 0.65 else "black")
    every = -(-n // 40)
    turned = 90 if max(map(len, names)) > 2 else 0
    ax.set(xlabel="predicted class", ylabel="true class", yticks=range(0, n, every), yticklabels=names[::every])
    ax.set_xticks(range(0, n, every), names[::every], rotation=turned)
    ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
    ax.grid(which="minor", color=FAINT, lw=0 if many else 0.6)
    ax.tick_params(which="both", length=0)
    for spine in ax.spines.values():
        spine.set(visible=True, color=FAINT)
    if fig is not None:
        fig.alt = f"Confusion matrix of {n} classes. {count_in_words(counts, names)}"
    return fig


def _shade(ax, share):
    """White to blue on the diagonal, white to orange off it."""
    from matplotlib import colormaps
    from matplotlib.colors import LinearSegmentedColormap
    wrong = share - np.diag(np.diag(share))
    oranges = LinearSegmentedColormap.from_list("mistakes", ["white", "#fbe3b5", ORANGE])
    image = oranges(wrong / max(wrong.max(), 0.1))
    image[np.diag_indices(len(share))] = colormaps["Blues"](0.9 * np.diag(share))
    ax.imshow(image)


def count_in_words(counts, names):
    """How many are right, and the most frequent mistakes."""
    wrong = counts - np.diag(np.diag(counts))
    most = [np.unravel_index(k, wrong.shape) for k in np.argsort(-wrong, axis=None, kind="stable")[:3]]
    mistakes = [f"{names[i]} taken for {names[j]} ({wrong[i, j]})" for i, j in most if wrong[i, j]]
    often = f"; most often {', '.join(mistakes)}" if mistakes else ""
    return f"{np.trace(counts)} of {counts.sum()} are right{often}."


# -- everything in one picture ---------------------------------------------------------------------------------------
@checked
@styled
def training_report(history, images, labels, probabilities, class_names, path=None):
    """A training in one picture: learning curves, some predictions, the confusion matrix; as PNG at path, if given.

    history         as for learning_curves; its loss is the cross-entropy in nats
    images, labels, probabilities       of examples held out from the training, as for predictions
    """
    images, labels, probabilities = check(images, labels, probabilities, class_names, "training_report")
    names = [n for n in history if not n.startswith("val_") and n not in ASIDE][:2]
    if not names:
        raise ValueError("training_report: the history is empty: train for at least one epoch")
    predicted = probabilities.argmax(axis=1)
    right = int((predicted == labels).sum())
    fig, whole = figure(12, 6.4)
    whole.remove()
    left, side = fig.subfigures(1, 2, width_ratios=[1.35, 1])
    upper, lower = left.subfigures(2, 1, height_ratios=[1, 1.2])
    curves = {k: v for k, v in history.items() if k.removeprefix("val_") in names}
    learning_curves(curves, np.atleast_1d(upper.subplots(1, len(names))), {"loss": "loss (nats)"})
    columns = int(max(3, min(7, 6.4 / (0.8 + NAME * max(len(str(name)) for name in class_names)))))
    chosen = choose(probabilities, labels, 2 * columns)
    grid = lower.subplots(4, columns, squeeze=False, height_ratios=[2.3, 1] * 2)
    _fill(grid, images, labels, probabilities, class_names, chosen)
    square = side.subplots()
    square.set_anchor("N")
    confusion_matrix(labels, predicted, class_names, square)
    for part, title in (
            (upper, "Learning curves"),
            (lower, f"Held-out images, the {TOP} likeliest classes (true class in blue, bold)"),
            (side, f"Confusion matrix: {right} of {len(labels)} right, accuracy {right / len(labels):.4f}")):
        part.suptitle(title, fontsize=10, fontweight="bold", x=0.02, ha="left")
    counts = np.zeros((len(class_names),) * 2, int)
    np.add.at(counts, (labels, predicted), 1)
    ends = ", ".join(f"{n} {curves[n][0]:.3g} to {curves[n][-1]:.3g}" for n in curves)
    fig.alt = (f"A training in one picture. Learning curves: {ends}. {len(chosen)} held-out images with probabilities. "
               f"{_told(labels, probabilities, class_names, chosen)} Confusion matrix: "
               f"{count_in_words(counts, class_names)}")
    if path is not None:
        save(fig, path)
    return fig


