import numpy as np
import pytest

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.airfoil import cosine_grid, find_section, measure, resample
from models.airfoil.roughness import roughness


@pytest.mark.parametrize("thickness", [0.06, 0.12, 0.24])
def test_known_values_of_the_four_digit_family(thickness):
    found = measure(resample(find_section(f"naca00{thickness * 100:02.0f}")))
    np.testing.assert_allclose(found.max_thickness, thickness, rtol=1e-3)
    np.testing.assert_allclose(found.max_thickness_at, 0.3, atol=2e-3)
    # Abbott and von Doenhoff (1959), equation 6.3
    np.testing.assert_allclose(found.leading_edge_radius, 1.1019 * thickness**2, rtol=3e-3)
    np.testing.assert_allclose(found.trailing_edge_gap, 0.021 * thickness, rtol=1e-3)
    np.testing.assert_allclose(found.max_camber, 0.0, atol=1e-9)


def test_camber():
    found = measure(resample(find_section("naca4412")))
    np.testing.assert_allclose(
        found.max_camber, 0.04, atol=2e-3
    )  # chord through the nose, not the line's end
    np.testing.assert_allclose(found.max_camber_at, 0.4, atol=0.02)
    mirrored = resample(find_section("naca4412") * [1, -1])[::-1]
    upside_down = measure(resample(mirrored, reorder=False))
    np.testing.assert_allclose(np.abs(upside_down.max_camber), found.max_camber, atol=1e-6)


def test_peaks_fall_between_stations():
    x = cosine_grid(64)
    half = 0.25 * x * (1 - x) * (1 + 0.3 * x)  # maximum away from any station
    where = np.linspace(0, 1, 200001)
    thick = 0.5 * where * (1 - where) * (1 + 0.3 * where)
    section = np.c_[np.r_[x[::-1], x[1:]], np.r_[half[::-1], -half[1:]]]
    found = measure(section)
    np.testing.assert_allclose(found.max_thickness, thick.max(), rtol=1e-5)
    np.testing.assert_allclose(found.max_thickness_at, where[thick.argmax()], atol=1e-3)


def test_roughness_sees_a_ripple_and_not_the_number_of_points():
    section = find_section("naca2412")
    smooth = [roughness(resample(section, points_per_side=m))[0] for m in (64, 128)]
    np.testing.assert_allclose(smooth[0], smooth[1], rtol=0.05)
    rough = resample(section)
    rough[30:40:2, 1] += 1e-3
    # a jump of 1e-3 and back is a second difference of 2e-3
    expected = 2e-3 / (np.pi / 63) ** 2
    np.testing.assert_allclose(roughness(rough)[0], expected, rtol=0.3)


@pytest.mark.parametrize("bad", [np.zeros((127, 2)), np.zeros((126, 2)), np.zeros(4)])
def test_sections_off_the_grid(bad):
    with pytest.raises(ArgumentError, match="cosine grid"):
        measure(bad)
    with pytest.raises(ArgumentError, match="cosine grid"):
        measure(find_section("s1223"))
