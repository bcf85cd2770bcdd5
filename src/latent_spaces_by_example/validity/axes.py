"""Tell a latent's axes in space or time from the one that counts channels."""

from __future__ import annotations


def spatial_layout(latent_shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return the number of channels, and the shape over which a latent should be white.

    Axes of length 1 are ignored. Of three and more, the first counts channels.

    >>> spatial_layout((4, 32, 32)), spatial_layout((77, 64)), spatial_layout((1, 512))
    ((4, (32, 32)), (1, (77, 64)), (1, (512,)))
    """
    sizes = tuple(size for size in latent_shape if size > 1) or (1,)
    return (sizes[0], sizes[1:]) if len(sizes) > 2 else (1, sizes)
