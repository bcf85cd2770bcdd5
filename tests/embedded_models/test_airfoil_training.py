"""What the airfoil generator is trained on: coordinates, and blurred sections."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from latent_spaces_by_example.zoo.airfoil import find_section, list_sections, resample
from latent_spaces_by_example.zoo.airfoil.representation import features
from models.airfoil import augment, fit_representation, train
from models.flow_matching import training

SECTIONS = np.stack([resample(find_section(name)) for name in list_sections()[:1600:20]])
SETTINGS = train.Settings(num_dims=6, width=32, depth=1, steps=150, warm_up=5)


@pytest.fixture(scope="module")
def representation():
    rng = np.random.default_rng(0)
    f = augment.spread_closed_gaps(features(SECTIONS), blur=SETTINGS.blur, rng=rng)
    return fit_representation.fit_representation(f, SETTINGS.num_dims)


@pytest.fixture(scope="module")
def examples(representation):
    return augment.Examples(SECTIONS, representation=representation, blur=SETTINGS.blur)


def test_coordinates_are_white(representation):
    y = representation.encode(SECTIONS)[:, :-1]  # the gap was spread before it was fitted
    np.testing.assert_allclose(np.cov(y.T), np.eye(5), atol=0.05)


def test_training_on_sections_lowers_the_loss(examples):
    progress = training.begin(SETTINGS)
    losses = [training.train_step(progress, examples.batch, SETTINGS) for _ in range(150)]
    assert np.mean(losses[-30:]) < np.mean(losses[:30]) - 0.02


def test_blurred_sections_keep_to_their_neighbourhood(examples, representation):
    y = examples.batch(4000, np.random.default_rng(0))
    assert np.isfinite(y).all()
    real = representation.encode(SECTIONS)
    distance = np.linalg.norm(y[:, None] - real[None], axis=2).min(axis=1)
    assert 0.01 < np.median(distance) < 1.5


def test_symmetric_sections_stay_nearly_symmetric(representation):
    symmetric = np.stack([resample(find_section(f"naca00{t:02d}")) for t in range(6, 24)])
    blurred = augment.Examples(symmetric, representation=representation, blur=SETTINGS.blur)
    sections = representation.decode(blurred.batch(200, np.random.default_rng(0)))
    camber = np.abs(sections[:, 63::-1, 1] + sections[:, 63:, 1]).max(axis=1) / 2.0
    assert np.median(camber) < 2e-3
