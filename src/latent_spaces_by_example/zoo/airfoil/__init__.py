"""Airfoil sections: points, measures, files and names.

A section is a float64 array of shape (p, 2): points in Selig order (upper trailing edge, leading
edge, lower trailing edge), in chords.
"""

from latent_spaces_by_example.zoo.airfoil.dat_files import DatFile, read_dat, write_dat
from latent_spaces_by_example.zoo.airfoil.geometry import (
    POINTS_PER_SIDE,
    cosine_grid,
    normalise,
    resample,
    to_selig_order,
)
from latent_spaces_by_example.zoo.airfoil.lookup import find_section, list_sections
from latent_spaces_by_example.zoo.airfoil.measures import Measures, measure, thickness_and_camber
from latent_spaces_by_example.zoo.airfoil.naca import naca_code, naca_section

__all__ = [
    "POINTS_PER_SIDE",
    "DatFile",
    "Measures",
    "cosine_grid",
    "find_section",
    "list_sections",
    "measure",
    "naca_code",
    "naca_section",
    "normalise",
    "read_dat",
    "resample",
    "thickness_and_camber",
    "to_selig_order",
    "write_dat",
]
