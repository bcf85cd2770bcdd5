import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from latent_spaces_by_example.zoo.embedded import OnnxVelocity
from models.flow_matching.export import export
from models.flow_matching.likelihood import negative_log_likelihood
from models.flow_matching.network import VelocityField
from models.flow_matching.training import FlowSettings, begin, train, train_step

# torch.func of torch 2.13 warns about a part of torch that it imports itself
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
SETTINGS = FlowSettings(
    num_dims=3, width=16, depth=2, steps=12, warm_up=3, batch_size=32, check_every=4
)


def batch(size: int, rng: np.random.Generator) -> np.ndarray:
    """A Gaussian that is off centre and stretched."""
    return 2.0 + rng.standard_normal((size, 3)) * np.array([0.4, 0.7, 1.0])


def random_net() -> VelocityField:
    torch.manual_seed(0)
    net = VelocityField(5, width=16, depth=2, dropout=0.3).eval()
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return net


def test_the_exported_field_is_the_trained_one(tmp_path):
    net = random_net()
    export(net, tmp_path / "velocity.onnx")
    field = OnnxVelocity(tmp_path / "velocity.onnx")
    x = np.random.default_rng(0).standard_normal((7, 5))
    for t in (0.0, 0.3, 1.0):
        with torch.no_grad():
            expected = net(torch.tensor(x, dtype=torch.float32), torch.tensor([[t]]))
        np.testing.assert_allclose(field(x, t), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_a_net_that_has_learnt_nothing_is_the_identity_and_its_law_gaussian():
    net = begin(FlowSettings(num_dims=4, width=16, depth=2)).averaged
    y = torch.tensor(np.random.default_rng(0).standard_normal((6, 4)), dtype=torch.float32)
    found = negative_log_likelihood(net, y, steps=16)
    gaussian = 0.5 * (y**2).sum(dim=1) + 2.0 * math.log(2.0 * math.pi)
    np.testing.assert_allclose(found.numpy(), gaussian.numpy(), rtol=5e-3)


def test_likelihood_agrees_with_the_jacobian_of_the_whole_flow():
    net = random_net()
    y = torch.randn(1, 5, generator=torch.Generator().manual_seed(1))

    def to_noise(x):
        x, steps = x[None], 32
        for i in range(steps):
            t = torch.full((1, 1), 1.0 - i / steps)
            middle = x - 0.5 / steps * net(x, t)
            x = x - net(middle, t - 0.5 / steps) / steps
        return x[0]

    z = to_noise(y[0])
    volume = torch.linalg.slogdet(torch.autograd.functional.jacobian(to_noise, y[0]))[1]
    expected = 0.5 * (z**2).sum() + 2.5 * np.log(2.0 * np.pi) - volume
    found = negative_log_likelihood(net, y, steps=32)[0]
    assert (found - expected).abs().item() < 0.02


def test_a_run_cut_in_two_gives_the_weights_of_an_uncut_one(tmp_path):
    y = batch(10, np.random.default_rng(1))
    whole = train(SETTINGS, batch, validation=y, checkpoint=tmp_path / "whole.pt", fresh=True)
    half = begin(SETTINGS)
    for _ in range(5):
        train_step(half, batch, SETTINGS)
    half.save(tmp_path / "cut.pt", SETTINGS)
    rest = train(SETTINGS, batch, validation=y, checkpoint=tmp_path / "cut.pt", fresh=False)
    assert rest.step == whole.step == SETTINGS.steps
    for name, weight in whole.averaged.state_dict().items():
        assert torch.equal(weight, rest.averaged.state_dict()[name]), name


def test_a_checkpoint_of_other_settings_is_left_alone(tmp_path):
    progress = begin(SETTINGS)
    train_step(progress, batch, SETTINGS)
    progress.save(tmp_path / "other.pt", SETTINGS)
    other = begin(SETTINGS)
    other.restore(tmp_path / "other.pt", FlowSettings(num_dims=3, width=16, depth=2, steps=99))
    assert other.step == 0


@pytest.mark.slow
def test_training_raises_the_likelihood(tmp_path):
    settings = FlowSettings(
        num_dims=3, width=32, depth=2, steps=200, warm_up=20, check_every=200, dropout=0.0
    )
    y = batch(100, np.random.default_rng(1))
    progress = train(settings, batch, validation=y, checkpoint=tmp_path / "c.pt", fresh=True)
    start = negative_log_likelihood(
        begin(settings).averaged, torch.tensor(y, dtype=torch.float32)
    ).mean()
    true_entropy = 1.5 * math.log(2.0 * math.pi * math.e) + math.log(0.4 * 0.7)
    assert progress.best_likelihood < float(start) - 2.0
    assert progress.best_likelihood < true_entropy + 0.5
