"""What is inside a network, as images: inputs, filters, feature maps, attention."""
import numpy as np

from ..support.explaining import explained
from ..support.meanings import checked
from .style import as_array, bare, figure, styled


@checked
@styled
def image_grid(images, titles=None, columns=8, size=1.0):
    """Images in rows, each on its own scale: (n, height, width), or (n, height, width, 3) in colour from 0 to 1.

    Ink is dark on white.  Where values have both signs, 0 is white, positive is orange and negative is purple.
    """
    images = as_array(images)
    if not len(images) or images.ndim != 3 and (images.ndim != 4 or images.shape[-1] != 3):
        raise ValueError("image_grid: images must be (n, height, width) or (n, height, width, 3), n > 0, "
                         f"not {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"image_grid: {len(titles)} titles for {len(images)} images")
    alt = f"{len(images)} images of {images.shape[1]} × {images.shape[2]} pixels"
    fig, axes = places(images, titles, columns, size, alt)
    for ax, image in zip(axes, images):
        draw_image(ax, image)
    return fig


def places(images, titles, columns, size, alt):
    """(fig, [ax, ...]): room for images (n, height, width, ...) in rows, each below its title, where there are some."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    tall = size * images.shape[1] / images.shape[2]
    fig, axes = figure(size * columns, (tall + (0.22 if titles else 0)) * rows, rows, columns, squeeze=False)
    for ax in axes.flat:
        bare(ax)
    axes = axes.flat[:len(images)]
    if titles:
        for ax, title in zip(axes, titles, strict=True):
            ax.set_title(title, fontsize=8, loc="center", pad=3)
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
    fig.alt = alt + (f": {', '.join(map(str, titles))}." if titles and len(titles) <= 40 else ".")
    return fig, axes


@explained
def draw_image(ax, image):
    """One image: in colour, as ink on white, or with signs."""
    high = np.nanmax(np.abs(image), initial=0) or 1
    if image.ndim == 3:
        ax.imshow(np.clip(image, 0, 1))
    elif image.min() < 0:
        ax.imshow(image, cmap="PuOr_r", vmin=-high, vmax=high)
        for spine in ax.spines.values():                # where 0 is white, a frame says where the image ends
            spine.set(visible=True, color="0.8")
    else:
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=high)


@checked
def filters(weights, image_shape=None, most=32):
    """The weights of a layer as images, one for each unit or channel; the first `most`.

    weights     of a Dense layer on images, (height · width, units), with image_shape (height, width); or of a Conv2D,
                (height, width, channels in, channels out): with 1 or 3 channels in an image for each filter, with more
                a row for each of the first filters and a column for each of the first channels
    """
    w = as_array(weights)
    if w.ndim == 2 and image_shape is not None and len(w) == image_shape[0] * image_shape[1]:
        return image_grid(w.T[:most].reshape(-1, *image_shape))
    if w.ndim != 4:
        raise ValueError(f"filters: weights must be (h, w, in, out), or (h · w, units) with image_shape, not {w.shape}")
    if w.shape[2] == 1:
        return image_grid(np.moveaxis(w[:, :, 0], -1, 0)[:most])
    if w.shape[2] == 3:
        coloured = np.moveaxis(w, -1, 0)[:most]
        low, high = coloured.min(axis=(1, 2, 3), keepdims=True), coloured.max(axis=(1, 2, 3), keepdims=True)
        return image_grid((coloured - low) / np.where(high > low, high - low, 1))
    return image_grid(np.transpose(w, (3, 2, 0, 1))[:8, :8].reshape(-1, *w.shape[:2]), columns=min(8, w.shape[2]))


@checked
def feature_maps(maps, most=32):
    """What the channels of a layer answer to one image, (height, width, channels); the first `most`."""
    maps = as_array(maps)[..., :most]
    if maps.ndim != 3:
        raise ValueError(f"feature_maps: maps of one image must be (height, width, channels), not {maps.shape}")
    return image_grid(np.moveaxis(maps, -1, 0), titles=[f"channel {k}" for k in range(maps.shape[-1])])


@checked
@styled
def attention_maps(weights, tokens=None, keys=None, columns=4, titles=None):
    """Where each position looks: a panel for each head, a row for each query, white 0, dark the largest weight.

    weights         (heads, T, S) or (T, S): rows add up to 1
    tokens, keys    names of the T queries and the S keys; keys are the tokens themselves by default
    titles          of the heads (default: head 1, head 2, ...)
    """
    weights = as_array(weights)
    weights = weights[None] if weights.ndim == 2 else weights
    if weights.ndim != 3 or not weights.size:
        raise ValueError(f"attention_maps: weights must be (heads, T, S) or (T, S), not {weights.shape}")
    heads, t, s = weights.shape
    tokens, keys = (list(names) if names is not None else None for names in (tokens, keys))
    keys = tokens if keys is None and t == s else keys
    for names, n, what in ((tokens, t, "tokens"), (keys, s, "keys")):
        if names is not None and len(names) != n:
            raise ValueError(f"attention_maps: {len(names)} {what} for {n} positions")
    if titles is not None and len(titles) != heads:
        raise ValueError(f"attention_maps: {len(titles)} titles for {heads} heads")
    titles = titles or [f"head {k + 1}" if heads > 1 else "" for k in range(heads)]
    columns = min(columns, heads)
    rows = -(-heads // columns)
    width = min(max(0.17 * s, 1.6), 4.5, 10 / columns)
    fig, axes = figure(width * columns + 1.1, (width * t / s + 0.45) * rows + 0.5, rows, columns, squeeze=False)
    for k, ax in enumerate(axes.flat):
        if k >= heads:
            ax.set_visible(False)
            continue
        drawn = ax.imshow(weights[k], cmap="Blues", vmin=0, vmax=weights.max())
        ax.set_title(titles[k])
        _ticks(ax, "x", "looks at", keys, width, shown=k + columns >= heads)
        _ticks(ax, "y", "position", tokens, width * t / s, shown=k % columns == 0)
    for spine in (spine for ax in axes.flat for spine in ax.spines.values()):
        spine.set(visible=True, color="0.8")
    fig.colorbar(drawn, ax=axes, shrink=0.8, aspect=25, label="weight").outline.set_visible(False)
    head, query, key = np.unravel_index(weights.argmax(), weights.shape)
    query, key = f"{query} {tokens[query]!r}" if tokens else query, f"{key} {keys[key]!r}" if keys else key
    fig.alt = (f"Attention weights of {heads} head{'s' * (heads > 1)}, {t} positions looking at {s}; the largest, "
               f"{weights.max():.2f}, is in head {head + 1} from position {query} to {key}.")
    return fig


def _ticks(ax, axis, label, names, inches, shown):
    """The tokens along an axis, if they were given and fit; else the numbers of the positions."""
    ax.tick_params(length=0)
    if names is not None and len(names) * 0.13 < inches:
        names = [str(name).replace("\n", "↵").replace(" ", "␣") for name in names]
        getattr(ax, f"set_{axis}ticks")(range(len(names)), names, fontsize=7)
        if axis == "x" and max(map(len, names)) > 2:
            ax.tick_params(axis="x", rotation=90)
    else:
        getattr(ax, f"{axis}axis").get_major_locator().set_params(integer=True)
    if shown:
        ax.set(**{f"{axis}label": label})
    else:
        ax.tick_params(**{"labelbottom" if axis == "x" else "labelleft": False})
