import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy import stats

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import (
    ElementwiseTransportMap,
    GaussianTransportMap,
    IdentityTransportMap,
    NamedProductTransportMap,
    ProductTransportMap,
    RotationTransportMap,
    SphereTransportMap,
    UniformTransportMap,
)

LAWS = {
    "elementwise": (ElementwiseTransportMap(stats.gamma(2.0)), (3, 4)),
    "sphere": (SphereTransportMap(3.0), (3, 4)),
    "quaternions": (RotationTransportMap(0.7), (3, 4)),
    "matrices": (RotationTransportMap(representation="matrix"), (2, 3, 3)),
    "uniform": (UniformTransportMap(resolution=2.0**-24), (3, 4)),
    "product": (
        ProductTransportMap([(5, IdentityTransportMap()), (7, UniformTransportMap())]),
        (12,),
    ),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_tensors_are_mapped_as_numpy_arrays_are(law, dtype):
    transport_map, shape = LAWS[law]
    d = transport_map.num_inner_dims(shape)
    inner = torch.randn((4, d), generator=torch.Generator().manual_seed(0)).to(dtype)
    z = transport_map.inverse(inner, latent_shape=shape)
    assert (z.dtype, tuple(z.shape)) == (dtype, (4, *shape))
    np.testing.assert_array_equal(
        z.numpy(), transport_map.inverse(inner.numpy(), latent_shape=shape)
    )
    again = transport_map.forward(z)
    assert again.dtype == dtype
    np.testing.assert_array_equal(again.numpy(), transport_map.forward(z.numpy()))


@pytest.mark.parametrize("law", LAWS)
def test_bfloat16_comes_back_to_its_precision(law):
    transport_map, shape = LAWS[law]
    d = transport_map.num_inner_dims(shape)
    inner = torch.randn((4, d), generator=torch.Generator().manual_seed(0)).bfloat16()
    z = transport_map.inverse(inner, latent_shape=shape)
    again = transport_map.inverse(transport_map.forward(z), latent_shape=shape)
    assert again.dtype == torch.bfloat16
    assert (again - z).abs().max() <= 2.0**-5 * z.abs().max()


@pytest.mark.parametrize("law", LAWS)
def test_a_gradient_is_refused_not_lost(law):
    transport_map, shape = LAWS[law]
    inner = torch.ones((2, transport_map.num_inner_dims(shape)), requires_grad=True)
    with pytest.raises(ArgumentError, match="requires a gradient"):
        transport_map.inverse(inner, latent_shape=shape)


def test_the_ends_of_a_bfloat16_interval_come_back_exactly():
    ends = torch.tensor([[0.0, 1.0]], dtype=torch.bfloat16)
    transport_map = UniformTransportMap(resolution=2.0**-8)
    assert (transport_map.inverse(transport_map.forward(ends)) == ends).all()


def test_a_noise_tape_is_searched_from_tensors():
    tape = lsbe.generators.noise_tape(lambda: torch.randn(3) + torch.rand(3))
    seed_latents = torch.from_numpy(np.stack([tape.latent_from_random_seed(i) for i in range(3)]))
    study = lsbe.optimise(
        tape,
        lambda outputs: [float(x.sum()) for x in outputs],
        seed_latents=seed_latents,
        budget=5,
        search="random",
    )
    assert isinstance(study.best_latent, torch.Tensor)
    assert float(study.best_output.sum()) == study.best_score


def parts(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    turns = torch.randn((4, 3, 4), generator=generator, dtype=torch.float64)
    turns = turns / turns.norm(dim=-1, keepdim=True) * turns[..., :1].sign()
    moves = 10.0 * torch.randn((4, 3, 3), generator=generator, dtype=torch.float64)
    return {"move": moves.to(dtype), "turn": turns.to(dtype)}


LAW = NamedProductTransportMap(
    {"move": GaussianTransportMap(scale=10.0), "turn": RotationTransportMap()}
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_dictionaries_of_tensors_span_a_space(dtype):
    chart = lsbe.SurrogateChart(parts(dtype), transport_map=LAW)
    u = np.random.default_rng(0).uniform(0.1, 0.9, (5, 3))
    z = chart.from_u_to_z(u)
    assert {part: (array.dtype, tuple(array.shape)) for part, array in z.items()} == {
        "move": (dtype, (5, 3, 3)),
        "turn": (dtype, (5, 3, 4)),
    }
    back = chart.from_z_to_u(z)
    assert isinstance(back, torch.Tensor)
    tolerance = 1e-11 if dtype == torch.float64 else 1e-4
    np.testing.assert_allclose(back.numpy(), u, rtol=0.0, atol=tolerance)


def test_parts_of_two_libraries_are_an_error():
    z = parts()
    z["turn"] = z["turn"].numpy()
    with pytest.raises(ArgumentError, match=r"z\['move'\] is of torch float32.*numpy float32"):
        LAW.forward(z)
    z = parts()
    z["turn"] = z["turn"].double()
    with pytest.raises(ArgumentError, match="torch float64"):
        LAW.forward(z)


def test_standard_gaussian_parts_keep_their_gradient():
    seeds = {"a": torch.randn(3, 2, 2), "b": torch.randn(3, 5)}
    chart = lsbe.SurrogateChart(seeds)
    w = torch.full((1, 3), 3**-0.5, dtype=torch.float64, requires_grad=True)
    z = chart.from_w_to_z(w)
    (z["a"].sum() + z["b"].sum()).backward()
    expected = [seeds["a"][k].sum() + seeds["b"][k].sum() for k in range(3)]
    np.testing.assert_allclose(w.grad[0].numpy(), expected, rtol=1e-5)
