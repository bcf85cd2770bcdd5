"""The training script's parts, on a handful of sections: resuming, exporting, blurring."""

import augment
import export
import fit_representation
import likelihood
import network
import numpy as np
import pytest
import torch
import train

from latent_spaces_by_example.airfoils import find_section, list_sections, resample
from latent_spaces_by_example.generators.airfoil.representation import features
from latent_spaces_by_example.generators.embedded import OnnxVelocity

# torch's own jacfwd still calls what torch deprecates
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

SECTIONS = np.stack([resample(find_section(name)) for name in list_sections()[:1600:20]])
SETTINGS = train.Settings(num_dims=6, width=16, depth=1, steps=8, batch_size=32, check_every=4)


@pytest.fixture(scope="module")
def representation():
    rng = np.random.default_rng(0)
    f = augment.spread_closed_gaps(features(SECTIONS), blur=SETTINGS.blur, rng=rng)
    return fit_representation.fit_representation(f, SETTINGS.num_dims)


@pytest.fixture(scope="module")
def examples(representation):
    return augment.Examples(SECTIONS, representation=representation, blur=SETTINGS.blur)


@pytest.fixture
def validation(representation):
    return torch.tensor(representation.encode(SECTIONS[:10]), dtype=torch.float32)


def random_net():
    torch.manual_seed(0)
    net = network.VelocityField(5, width=16, depth=2, dropout=0.3).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return net


def test_coordinates_are_white(representation):
    y = representation.encode(SECTIONS)[:, :-1]  # the gap was spread before it was fitted
    np.testing.assert_allclose(np.cov(y.T), np.eye(5), atol=0.05)


def test_run_cut_in_two_gives_the_same_weights(examples, validation, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "CHECKPOINT", tmp_path / "a" / "checkpoint.pt")
    whole = train.train(SETTINGS, examples, validation, fresh=True)
    monkeypatch.setattr(train, "CHECKPOINT", tmp_path / "b" / "checkpoint.pt")
    real = train.train_step

    def dying(progress, examples, settings):
        if progress.step == 6:
            raise KeyboardInterrupt
        return real(progress, examples, settings)

    monkeypatch.setattr(train, "train_step", dying)
    with pytest.raises(KeyboardInterrupt):
        train.train(SETTINGS, examples, validation, fresh=True)
    monkeypatch.setattr(train, "train_step", real)
    cut = train.train(SETTINGS, examples, validation, fresh=False)
    for name, value in whole.best.state_dict().items():
        assert torch.equal(value, cut.best.state_dict()[name]), name
    assert cut.best_likelihood == whole.best_likelihood


def test_checkpoint_of_other_settings_is_not_taken_over(
    examples, validation, tmp_path, monkeypatch
):
    monkeypatch.setattr(train, "CHECKPOINT", tmp_path / "checkpoint.pt")
    train.train(SETTINGS, examples, validation, fresh=True)
    other = train.begin(train.Settings(num_dims=6, width=16, depth=1, steps=9))
    other.restore(train.Settings(num_dims=6, width=16, depth=1, steps=9))
    assert other.step == 0


def test_training_lowers_the_loss(examples):
    settings = train.Settings(num_dims=6, width=32, depth=1, steps=150, warm_up=5)
    progress = train.begin(settings)
    losses = [train.train_step(progress, examples, settings) for _ in range(150)]
    assert np.mean(losses[-30:]) < np.mean(losses[:30]) - 0.02


def test_exported_graph_computes_what_the_network_does(tmp_path):
    net = random_net()
    export.export(net, tmp_path / "velocity.onnx")
    velocity = OnnxVelocity(tmp_path / "velocity.onnx")
    x = np.random.default_rng(0).standard_normal((7, 5))
    for t in (0.0, 0.3, 1.0):
        expected = net(torch.tensor(x, dtype=torch.float32), torch.full((7, 1), t))
        np.testing.assert_allclose(velocity(x, t), expected.detach().numpy(), atol=2e-5)


def test_untrained_network_is_the_identity_with_a_gaussian_likelihood():
    net = network.VelocityField(5, width=16, depth=2, dropout=0.0).eval()
    y = torch.tensor(np.random.default_rng(0).standard_normal((4, 5)), dtype=torch.float32)
    found = likelihood.negative_log_likelihood(net, y, steps=64)
    expected = 0.5 * (y**2).sum(dim=1) + 2.5 * np.log(2.0 * np.pi)
    torch.testing.assert_close(found, expected, atol=1e-2, rtol=0.0)


def test_likelihood_agrees_with_the_jacobian_of_the_whole_flow():
    net = random_net()
    y = torch.randn(1, 5, generator=torch.Generator().manual_seed(1))

    def to_noise(x):
        x, steps = x[None], 64
        for i in range(steps):
            t = torch.full((1, 1), 1.0 - i / steps)
            middle = x - 0.5 / steps * net(x, t)
            x = x - net(middle, t - 0.5 / steps) / steps
        return x[0]

    z = to_noise(y[0])
    volume = torch.linalg.slogdet(torch.autograd.functional.jacobian(to_noise, y[0]))[1]
    expected = 0.5 * (z**2).sum() + 2.5 * np.log(2.0 * np.pi) - volume
    found = likelihood.negative_log_likelihood(net, y, steps=64)[0]
    assert (found - expected).abs().item() < 0.02


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
