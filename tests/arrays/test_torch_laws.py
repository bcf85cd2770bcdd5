import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import (
    IdentityTransportMap,
    ProductTransportMap,
    UniformTransportMap,
)

LAWS = {
    "uniform": UniformTransportMap(resolution=2.0**-24),
    "product": ProductTransportMap(
        [(5, IdentityTransportMap()), (7, UniformTransportMap(resolution=2.0**-24))]
    ),
}


def latents_of(law, dtype):
    z = np.random.default_rng(0).random((4, 12))
    z[0, 8], z[1, 9] = 0.0, 1.0
    return torch.from_numpy(z).to(dtype)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_tensors_are_mapped_as_numpy_arrays_are(law, dtype):
    z = latents_of(law, dtype)
    inner = LAWS[law].forward(z)
    assert inner.dtype == dtype
    np.testing.assert_array_equal(inner.numpy(), LAWS[law].forward(z.numpy()))
    back = LAWS[law].inverse(inner, latent_shape=(3, 4))
    assert (back.dtype, back.shape) == (dtype, (4, 3, 4))
    np.testing.assert_array_equal(
        back.numpy(), LAWS[law].inverse(inner.numpy(), latent_shape=(3, 4))
    )


@pytest.mark.parametrize("law", LAWS)
def test_bfloat16_comes_back_to_its_precision(law):
    z = latents_of(law, torch.bfloat16)
    inner = LAWS[law].forward(z)
    assert inner.dtype == torch.bfloat16
    back = LAWS[law].inverse(inner)
    assert back.dtype == torch.bfloat16
    # an inner latent of size 3 is rounded by 2^-8, where the density is at most 0.4
    assert (back - z).abs().max() < 2.0**-7


def test_the_ends_of_a_bfloat16_interval_come_back_exactly():
    ends = torch.tensor([[0.0, 1.0]], dtype=torch.bfloat16)
    transport_map = UniformTransportMap(resolution=2.0**-8)
    assert (transport_map.inverse(transport_map.forward(ends)) == ends).all()


@pytest.mark.parametrize("law", LAWS)
def test_a_gradient_is_refused_not_lost(law):
    seed_latents = latents_of(law, torch.float64)
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seed_latents, transport_map=LAWS[law])
    u = torch.full((1, 3), 0.5, dtype=torch.float64)
    assert chart.from_u_to_z(u).shape == (1, 12)
    with pytest.raises(ArgumentError, match="requires a gradient"):
        chart.from_u_to_z(u.requires_grad_())


def test_a_noise_tape_is_searched_from_tensors():
    def sampler():
        return torch.randn(3) + torch.rand(3)

    tape = lsbe.generators.noise_tape(sampler)
    seed_latents = torch.from_numpy(np.stack([tape.latent_from_random_seed(i) for i in range(3)]))
    study = lsbe.optimise(
        tape,
        lambda outputs: [float(x.sum()) for x in outputs],
        seed_latents=seed_latents,
        budget=6,
    )
    assert np.isfinite(study.scores).all()
    assert isinstance(study.best_latent, torch.Tensor)
    assert float(study.best_output.sum()) == study.best_score
