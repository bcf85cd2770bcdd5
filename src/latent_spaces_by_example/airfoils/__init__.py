"""Airfoil sections: points, measures, validity, files and names.

A section is a float64 array of shape (p, 2): points in Selig order (upper trailing edge, leading
edge, lower trailing edge), in chords.
"""

from latent_spaces_by_example.airfoils.dat_files import DatFile, read_dat, write_dat
from latent_spaces_by_example.airfoils.geometry import (
    POINTS_PER_SIDE,
    cosine_grid,
    normalise,
    resample,
    to_selig_order,
)
from latent_spaces_by_example.airfoils.lookup import find_section, list_sections
from latent_spaces_by_example.airfoils.measures import Measures, measure, thickness_and_camber
from latent_spaces_by_example.airfoils.naca import naca_code, naca_section
from latent_spaces_by_example.airfoils.validity import Validity, check, check_all

__all__ = [
    "POINTS_PER_SIDE",
    "DatFile",
    "Measures",
    "Validity",
    "check",
    "check_all",
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
