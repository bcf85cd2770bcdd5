"""Maps of a study's trials, and the points between them."""

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.explore.atlas import Atlas
from latent_spaces_by_example.report.octant import to_plane
from toys import Stretch


def test_a_place_on_the_triangle_is_one_mixture():
    study = lsbe.create_study(Stretch(), examples=["6", "17", "18"])
    study.ask(5)
    atlas = Atlas.of(study, study.trials)
    assert (atlas.kind, atlas.numbers) == ("triangle", (0, 1, 2, 3, 4))
    for place, row in zip(atlas.places, study.weights, strict=True):
        np.testing.assert_allclose(atlas.at(*place), row, atol=1e-12)
        np.testing.assert_allclose(to_plane(row[None])[0], place, atol=1e-12)
    outside = atlas.at(0.0, 1.4)  # above the first corner: the nearest edge
    assert outside.min() == 0.0
    with pytest.raises(ArgumentError, match="off the map"):
        atlas.at(3.0, 0.0)


def test_a_place_on_a_projection_mixes_the_nearest_three():
    study = lsbe.create_study(Stretch(), random_seed=3)
    trials = study.ask(8)
    assert Atlas.of(study, trials[:2]) is None
    atlas = Atlas.of(study, trials)
    assert atlas.kind == "projection"
    for place, row in zip(atlas.places, atlas.weights, strict=True):
        np.testing.assert_allclose(atlas.at(*place), row)
        near = atlas.at(*(place + 1e-4))
        assert near @ row > 0.999
    middle = atlas.at(*atlas.places.mean(axis=0))
    np.testing.assert_allclose(np.linalg.norm(middle), 1.0)
    assert 1 <= (middle != 0).sum() <= 3
