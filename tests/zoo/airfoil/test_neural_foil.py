import numpy as np
import pytest
from aerosandbox.geometry.airfoil.airfoil_families import get_kulfan_parameters
from neuralfoil import get_aero_from_coordinates

from latent_spaces_by_example.zoo.airfoil import find_section, resample
from latent_spaces_by_example.zoo.airfoil.neural_foil import Flow, _operators, fit_kulfan

NAMES = ["naca2412", "s1223", "rae2822", "e387", "ah93w480b"]
SECTIONS = np.stack([resample(find_section(name)) for name in NAMES])


def test_the_fit_is_that_of_aerosandbox():
    parameters, _ = fit_kulfan(SECTIONS)
    for section, row in zip(SECTIONS, parameters, strict=True):
        other = get_kulfan_parameters(section)
        expected = [
            *other["lower_weights"],
            *other["upper_weights"],
            other["leading_edge_weight"],
            other["TE_thickness"],
        ]
        np.testing.assert_allclose(row, expected, atol=1e-10)


def test_a_kulfan_shape_is_fitted_exactly_and_a_ripple_is_not():
    parameters, _ = fit_kulfan(SECTIONS)
    ordinates = parameters @ _operators(127)[0].T
    shapes = np.stack([SECTIONS[:, :, 0], ordinates], axis=2)
    again, misfit = fit_kulfan(shapes)
    np.testing.assert_allclose(again, parameters, atol=1e-10)
    assert misfit.max() < 1e-13
    ripple = 0.01 * np.sin(40 * np.pi * shapes[:, :, 0])
    assert fit_kulfan(shapes + np.stack([0 * ripple, ripple], axis=2))[1].min() > 0.003


@pytest.mark.parametrize("model_size", ["medium", "xlarge"])
def test_coefficients_are_those_of_neuralfoil(model_size):
    flow = Flow(fit_kulfan(SECTIONS)[0], reynolds=5e5, model_size=model_size)
    angles = np.array([[-2.0, 3.0, 8.0]]) + np.arange(len(SECTIONS))[:, None]
    found = flow.at(angles)
    for i, section in enumerate(SECTIONS):
        other = get_aero_from_coordinates(section, angles[i], Re=5e5, model_size=model_size)
        np.testing.assert_allclose(found.cl[i], other["CL"], atol=1e-7)
        np.testing.assert_allclose(found.cd[i], other["CD"], rtol=1e-7)
        np.testing.assert_allclose(found.cm[i], other["CM"], atol=1e-7)
        np.testing.assert_allclose(found.confidence[i], other["analysis_confidence"], rtol=1e-6)
