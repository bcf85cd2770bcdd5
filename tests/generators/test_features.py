import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators import load
from latent_spaces_by_example.generators.features import PrincipalComponents, features_of, pixels


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 2.0], r"shape \(2,\); expected \(2, p\)"),
        ([[1.0], [np.nan]], "of output 1 of 2: number 0 is nan"),
        ([[], []], "0 numbers for an output; expected 1 to 4096"),
        (["a", "b"], "expected numbers of shape"),
    ],
)
def test_features_that_are_none_are_refused(values, message):
    with pytest.raises(ArgumentError, match=message):
        features_of(lambda outputs: values, ["x", "y"])


@pytest.mark.parametrize("picture", [np.ones((70, 90, 3)), np.ones((3, 70, 90))])
def test_pictures_are_averaged_in_blocks(picture):
    assert pixels([picture]).shape == (1, 32 * 32 * 3)
    assert pixels([picture]) == pytest.approx(1.0)


def test_pictures_of_pil_and_small_arrays_are_taken_as_they_are():
    assert pixels([Image.new("L", (8, 8), 7)]).tolist() == [[7.0] * 64]
    assert pixels([np.arange(6).reshape(2, 3)]).tolist() == [[0, 1, 2, 3, 4, 5]]


@pytest.mark.parametrize("outputs", [["a", "b"], [np.ones(2), np.ones(3)], [np.array([1j])]])
def test_other_outputs_are_refused(outputs):
    with pytest.raises(ArgumentError, match="features=function of your own"):
        pixels(outputs)


def test_components_keep_the_distances_between_outputs_of_few_dimensions():
    mixed = np.random.default_rng(0).standard_normal((40, 3)) @ np.eye(3, 50)
    features = PrincipalComponents.of(list(mixed))(list(mixed))
    assert features.shape == (40, 3)
    np.testing.assert_allclose(
        np.linalg.norm(features[0] - features[1:], axis=1),
        np.linalg.norm(mixed[0] - mixed[1:], axis=1),
    )
    with pytest.raises(ArgumentError, match="all 4 prior outputs are the same"):
        PrincipalComponents.of([np.ones(5)] * 4)


@pytest.mark.parametrize(("name", "p"), [("airfoil", 32), ("digits", 64), ("microstructure", 17)])
def test_generators_that_come_along_have_features(name, p):
    generator = load(name)
    z = np.random.default_rng(0).standard_normal((3, *generator.latent_shape))
    outputs = generator.generate(z)
    features = features_of(generator.features, outputs)
    assert features.shape == (3, p)
    np.testing.assert_array_equal(features[1:2], features_of(generator.features, outputs[1:2]))
