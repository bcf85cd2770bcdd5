"""The plane that three seed latents span: its scores on a grid, in pictures and tables."""

from latent_spaces_by_example.report.plane.contours import save_contours
from latent_spaces_by_example.report.plane.grid import (
    Plane,
    evaluate_plane,
    save_grid,
    save_histories,
)
from latent_spaces_by_example.report.plane.montage import save_montage

__all__ = [
    "Plane",
    "evaluate_plane",
    "save_contours",
    "save_grid",
    "save_histories",
    "save_montage",
]
