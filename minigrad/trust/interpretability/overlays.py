"""An explanation laid over the image that it explains."""
from ...support.meanings import checked
from ...viz.images import places
from ...viz.style import as_array, styled


@checked
@styled
def overlay(images, maps, titles=None, columns=8, size=1.1):
    """Images in grey with a heat map over each, on its own scale: clear where it is 0, orange to red where high.

    images (n, H, W); maps (n, h, w), not negative, stretched to the image's size: (h, w) may be smaller
    """
    images, maps = as_array(images), as_array(maps)
    if images.ndim != 3 or maps.ndim != 3 or not len(images) or len(images) != len(maps):
        raise ValueError("overlay: as many images (n, H, W) as maps (n, h, w) are needed, "
                         f"not {images.shape} and {maps.shape}")
    if maps.min() < 0:
        raise ValueError("overlay: maps must not be negative; take np.abs or np.maximum(maps, 0) first")
    height, width = images.shape[1:]
    fig, axes = places(images, titles, columns, size, f"{len(images)} images in grey, each with a heat map over it")
    for ax, image, heat in zip(axes, images, maps):
        high = heat.max() or 1
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=2 * (image.max() or 1))
        ax.imshow(heat, cmap="YlOrRd", vmin=0, vmax=high, alpha=(heat / high) ** 0.7 * 0.8,
                  extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="bilinear")
        ax.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    return fig
