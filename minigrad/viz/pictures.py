"""Pictures of data and of what a classifier makes of it."""
import numpy as np

from .curves import learning_curves
from .style import BLUE, RED, figure, light, save


def image_grid(images, titles=None, columns=8, size=1.1, cmap="gray_r"):
    """Images (n, height, width) in rows, each on its own scale; filters and feature maps too."""
    images = np.asarray(images)
    if images.ndim != 3 or not len(images):
        raise ValueError(f"image_grid: images must have shape (n, height, width) with n > 0, not {images.shape}")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    fig, axes = figure(size * columns, (size + 0.2 * bool(titles)) * rows, rows, columns, squeeze=False)
    for k, ax in enumerate(axes.flat):
        light(ax)
        if k < len(images):
            ax.imshow(images[k], cmap=cmap)
            if titles:
                ax.set_title(titles[k], fontsize=8)
    fig.alt = f"{len(images)} images of {images.shape[1]} x {images.shape[2]} pixels."
    return fig


def _check(probabilities, labels, class_names, who):
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or probabilities.shape != (len(labels), len(class_names)):
        raise ValueError(f"{who}: probabilities must have shape ({len(labels)} examples, {len(class_names)} classes), "
                         f"not {probabilities.shape}")
    return probabilities, labels


def _choose(probabilities, labels, count):
    """Which examples to show: up to half of them wrong ones, the surest first; then right ones, from the least sure up."""
    predicted, sureness = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    right = np.flatnonzero(predicted == labels)
    wrong = wrong[np.argsort(-sureness[wrong], kind="stable")][:count // 2]
    right = right[np.argsort(sureness[right], kind="stable")]
    spread = np.unique(np.linspace(0, len(right) - 1, min(count - len(wrong), len(right))).astype(int)) if len(right) else []
    return np.concatenate([wrong, right[spread]]).astype(int)


def _draw_prediction(image_ax, bar_ax, image, probabilities, label, class_names):
    predicted = int(probabilities.argmax())
    right = predicted == label
    light(image_ax)
    image_ax.imshow(image, cmap="gray_r")
    name = class_names[predicted]
    image_ax.set_title(f"✓ {name}" if right else f"✗ {name}, is {class_names[label]}", fontsize=8, color=BLUE if right else RED)
    top = np.argsort(-probabilities, kind="stable")[:3]
    bar_ax.barh(range(len(top)), probabilities[top], color=[BLUE if k == label else "0.7" for k in top], height=0.75)
    bar_ax.set(xlim=(0, 1), yticks=range(len(top)), yticklabels=[class_names[k] for k in top], xticks=[])
    bar_ax.tick_params(length=0, labelsize=6)
    bar_ax.invert_yaxis()
    for spine in bar_ax.spines.values():
        spine.set_visible(False)
    for row, k in enumerate(top):
        inside = probabilities[k] > 0.6
        bar_ax.text(probabilities[k] + (-0.03 if inside else 0.03), row, f"{probabilities[k]:.0%}", va="center", fontsize=6,
                    ha="right" if inside else "left", color="white" if inside and k == label else "black")


def predictions(images, labels, probabilities, class_names, count=12, columns=6):
    """Some images with the three most probable classes; wrong ones first, marked ✗.  The right class's bar is blue."""
    probabilities, labels = _check(probabilities, labels, class_names, "predictions")
    chosen = _choose(probabilities, labels, count)
    rows = -(-len(chosen) // columns)
    fig, axes = figure(1.15 * columns, 1.9 * rows, 2 * rows, columns, squeeze=False, height_ratios=[2.2, 1] * rows)
    _fill(axes, images, labels, probabilities, class_names, chosen)
    wrong = int((probabilities.argmax(axis=1) != labels).sum())
    fig.alt = f"{len(chosen)} images with the probabilities of their three likeliest classes; {wrong} of {len(labels)} are wrong."
    return fig


def _fill(axes, images, labels, probabilities, class_names, chosen):
    rows, columns = axes.shape
    for k in range(rows // 2 * columns):
        image_ax, bar_ax = axes[2 * (k // columns), k % columns], axes[2 * (k // columns) + 1, k % columns]
        if k < len(chosen):
            n = chosen[k]
            _draw_prediction(image_ax, bar_ax, images[n], probabilities[n], labels[n], class_names)
        else:
            image_ax.set_visible(False)
            bar_ax.set_visible(False)


def confusion_matrix(labels, predicted, class_names, ax=None):
    """How often each class (row) was taken for each (column): counts, shaded by the share of the row."""
    labels, predicted, n = np.asarray(labels), np.asarray(predicted), len(class_names)
    if labels.shape != predicted.shape or labels.size and not 0 <= min(labels.min(), predicted.min()) <= max(labels.max(), predicted.max()) < n:
        raise ValueError(f"confusion_matrix: labels and predictions must be equally many class numbers from 0 to {n - 1}")
    counts = np.zeros((n, n), int)
    np.add.at(counts, (labels, predicted), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fig = None
    if ax is None:
        fig, ax = figure(1 + 0.36 * n, 1 + 0.33 * n)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in zip(*np.nonzero(counts)):
        ax.text(j, i, counts[i, j], ha="center", va="center", fontsize=7, color="white" if share[i, j] > 0.5 else "black")
    ax.set(xticks=range(n), yticks=range(n), xticklabels=class_names, yticklabels=class_names, xlabel="predicted", ylabel="true")
    ax.tick_params(length=0, labelsize=8)
    if fig is not None:
        fig.alt = f"Confusion matrix of {n} classes: {int(np.trace(counts))} of {counts.sum()} on the diagonal."
    return fig


def training_report(history, images, labels, probabilities, class_names, path=None):
    """The whole training in one picture: learning curves, some predictions, the confusion matrix.  Written to path if given.

    images (n, height, width), labels (n,) class numbers, probabilities (n, classes) of the same held-out examples
    """
    probabilities, labels = _check(probabilities, labels, class_names, "training_report")
    fig, placeholder = figure(11, 6.4)
    placeholder.remove()
    outer = fig.add_gridspec(2, 3, height_ratios=[1, 1], width_ratios=[1, 1, 1.3])
    names = [n for n in history if not n.startswith("val_")][:2]
    learning_curves({k: v for k, v in history.items() if k.removeprefix("val_") in names},
                    [fig.add_subplot(outer[0, k]) for k in range(len(names))])
    predicted = probabilities.argmax(axis=1)
    confusion_matrix(labels, predicted, class_names, fig.add_subplot(outer[:, 2]))
    inner = outer[1, :2].subgridspec(4, 8, height_ratios=[2.2, 1.1] * 2)
    grid = np.array([[fig.add_subplot(inner[r, c]) for c in range(8)] for r in range(4)])
    _fill(grid, images, labels, probabilities, class_names, _choose(probabilities, labels, 16))
    right = int((predicted == labels).sum())
    fig.suptitle(f"{right} of {len(labels)} held-out images right: accuracy {right / len(labels):.4f}", fontsize=11)
    fig.alt = (f"A training in pictures: learning curves, 16 predictions with their probabilities, and the confusion matrix; "
               f"{right} of {len(labels)} held-out images are right.")
    if path is not None:
        save(fig, path)
    return fig
