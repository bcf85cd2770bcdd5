"""The plane that three seed latents span: its scores on a grid, in pictures and tables."""

from latent_spaces_by_example.report.plane.contours import save_contours
from latent_spaces_by_example.report.plane.evaluation import Plane, evaluate_plane
from latent_spaces_by_example.report.plane.montage import save_montage
from latent_spaces_by_example.report.plane.tables import save_grid, save_histories

__all__ = [
    "Plane",
    "evaluate_plane",
    "save_contours",
    "save_grid",
    "save_histories",
    "save_montage",
]
