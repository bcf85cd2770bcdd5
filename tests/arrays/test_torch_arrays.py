import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.arrays.torch_arrays import _widest
from latent_spaces_by_example.errors import ArgumentError, OutsideSpaceError
from latent_spaces_by_example.transport_maps import (
    GaussianTransportMap,
    IdentityTransportMap,
    TransportMap,
)

SHAPE = (4, 8, 8)
RULES = ["linear", "shell"]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()
FACTOR = np.tril(np.random.default_rng(0).normal(0.0, 0.05, (256, 256))) + np.eye(256)
LAWS = {
    "identity": IdentityTransportMap(),
    "scale": GaussianTransportMap(2.0, scale=np.linspace(0.5, 2.0, 256).reshape(SHAPE)),
    "covariance": GaussianTransportMap(np.full(SHAPE, -1.0), covariance=FACTOR @ FACTOR.T),
}


def seeds_of(num_seeds, *, dtype=torch.float64, device="cpu"):
    generator = torch.Generator().manual_seed(0)
    seeds = torch.randn(num_seeds, *SHAPE, generator=generator, dtype=torch.float64)
    return seeds.to(device, dtype)


def cube(n, num_seeds):
    return np.random.default_rng(1).uniform(0.2, 0.8, (n, num_seeds - 1))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("device", DEVICES)
def test_latents_are_numpy_s_in_the_seeds_dtype(device, dtype, combination, law):
    seeds = LAWS[law].inverse(seeds_of(5).reshape(5, -1), latent_shape=SHAPE).to(device, dtype)
    exact = seeds.double().cpu().numpy()
    parts = {"combination": combination, "transport_map": LAWS[law]}
    chart, reference = lsbe.SurrogateChart(seeds, **parts), lsbe.SurrogateChart(exact, **parts)
    u = cube(3, 5)
    z = chart.from_u_to_z(u)
    assert (z.dtype, z.device.type, tuple(z.shape)) == (dtype, device, (3, *SHAPE))
    eps = torch.finfo(dtype).eps
    expected = reference.from_u_to_z(u)
    np.testing.assert_allclose(
        z.double().cpu().numpy(), expected, rtol=0.0, atol=8 * eps * np.abs(expected).max()
    )
    w, back = chart.from_u_to_w(u), chart.from_z_to_w(z)
    assert w.dtype == back.dtype == torch.float64
    assert w.device.type == back.device.type == device
    np.testing.assert_allclose(back.cpu(), w.cpu(), rtol=0.0, atol=8 * eps)
    np.testing.assert_allclose(chart.from_z_to_u(z).cpu(), u, rtol=0.0, atol=32 * eps)
    np.testing.assert_allclose(chart.from_w_to_u(w).cpu(), u, rtol=1e-10)
    np.testing.assert_array_equal(chart.from_w_to_z(w).cpu().float(), z.cpu().float())


@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_corners_are_the_seeds(dtype, combination):
    seeds = seeds_of(5, dtype=dtype)
    chart = lsbe.SurrogateChart(seeds, combination=combination)
    assert torch.equal(chart.from_w_to_z(torch.eye(5)), seeds)


@pytest.mark.parametrize("make", [lambda w: w, np.ndarray.tolist, torch.tensor])
def test_weights_may_be_arrays_lists_or_tensors(make):
    chart = lsbe.SurrogateChart(seeds_of(2))
    w = np.array([[0.6, -0.8]])
    expected = 0.6 * seeds_of(2)[0] - 0.8 * seeds_of(2)[1]
    torch.testing.assert_close(chart.from_w_to_z(make(w))[0], expected)
    u = np.array([[0.5]])
    torch.testing.assert_close(chart.from_u_to_z(make(u)), chart.from_u_to_z(u))


def test_tensors_are_read_beside_numpy_seed_latents_too():
    seeds = seeds_of(3).numpy()
    chart = lsbe.SurrogateChart(seeds)
    z = chart.from_w_to_z(torch.eye(3))
    assert isinstance(z, np.ndarray)
    assert isinstance(chart.from_z_to_w(torch.tensor(z)), np.ndarray)
    np.testing.assert_allclose(chart.from_z_to_w(torch.tensor(z)), np.eye(3), atol=1e-12)


def test_seed_latents_need_not_be_contiguous_and_are_not_copied():
    seeds = seeds_of(3).permute(0, 2, 3, 1)
    chart = lsbe.SurrogateChart(seeds)
    assert torch.equal(chart.from_w_to_z(np.eye(3)), seeds)
    flat = seeds_of(3)
    assert lsbe.SurrogateChart(flat)._span.rows.data_ptr() == flat.data_ptr()


def test_projection_is_beside_the_seeds():
    chart = lsbe.SurrogateChart(torch.eye(2, 3))
    projection = chart.project(torch.tensor([[2.0, 0.0, 2.0]]))
    torch.testing.assert_close(projection.w, torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    assert isinstance(projection.residual, torch.Tensor)
    assert isinstance(projection.norm_ratio, torch.Tensor)
    assert isinstance(chart.gram, np.ndarray)


def test_one_seed_and_no_points():
    chart = lsbe.SurrogateChart(seeds_of(1))
    assert torch.equal(chart.from_u_to_z(torch.empty(2, 0)), seeds_of(1).repeat(2, 1, 1, 1))
    assert lsbe.SurrogateChart(seeds_of(3)).from_u_to_z(torch.empty(0, 2)).shape == (0, *SHAPE)


def test_nearly_dependent_seeds_go_through_the_fallback():
    seeds = seeds_of(1) + 1e-5 * seeds_of(4)
    chart = lsbe.SurrogateChart(seeds)
    w = torch.tensor([[0.5] * 4], dtype=torch.float64)
    torch.testing.assert_close(chart.from_z_to_w(chart.from_w_to_z(w)), w, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_on_the_host_tensors_are_what_arrays_are_to_rounding(dtype):
    seeds, u = seeds_of(5, dtype=dtype), cube(3, 5)
    tensors = lsbe.SurrogateChart(seeds).from_u_to_z(u)
    # equal to the bit on some processors: PyTorch and NumPy each bring matrix products of their own
    rounding = 16 * torch.finfo(dtype).eps
    arrays = lsbe.SurrogateChart(seeds.numpy()).from_u_to_z(u)
    np.testing.assert_allclose(tensors, arrays, rtol=0, atol=rounding)


def test_what_chart_s_repr_says_of_the_dtype():
    assert "dtype bfloat16" in repr(lsbe.SurrogateChart(seeds_of(3, dtype=torch.bfloat16)))


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        (torch.ones(3, 4, dtype=torch.int64), r"seed_latents holds int64 values.*\.float\(\)"),
        (torch.ones(3, 4, dtype=torch.complex64), "seed_latents holds complex64"),
        (torch.ones(3, 4, dtype=torch.float8_e5m2), "seed_latents holds float8"),
        (torch.eye(3).to_sparse(), r"layout torch.sparse_coo.*to_dense\(\)"),
        (torch.eye(3, requires_grad=True), r"requires a gradient.*seed_latents\.detach\(\)"),
        (torch.eye(3)[0], r"write seed_latents\[None\]"),
        (torch.ones(2, 70000), r"seed_latents\[0\] and seed_latents\[1\] are identical"),
        (torch.zeros(1, 3), "all zeros"),
        (torch.full((1, 70000), torch.nan), "NaN or infinite"),
    ],
    ids=str,
)
def test_bad_seed_latents(seeds, message):
    with pytest.raises(ArgumentError, match=message):
        lsbe.SurrogateChart(seeds)


@pytest.mark.parametrize(
    ("method", "argument", "error", "message"),
    [
        ("from_u_to_z", torch.full((1, 3), 0.5), ArgumentError, r"u has shape \(1, 3\); expected"),
        ("from_u_to_z", torch.tensor([[0.5, 1.5]]), ArgumentError, r"u\[0, 1\] = 1.5"),
        ("from_u_to_w", torch.ones(1, 2, dtype=torch.int32), ArgumentError, "u holds int32"),
        ("from_w_to_z", 2.0 * torch.eye(3), OutsideSpaceError, "off the unit sphere by 1"),
        ("from_w_to_u", -torch.eye(3), OutsideSpaceError, "is negative"),
        ("from_w_to_z", torch.full((1, 3), torch.nan), ArgumentError, "w holds 3 values"),
        ("from_z_to_w", torch.ones(SHAPE), ArgumentError, r"write z\[None\]"),
        ("from_z_to_w", torch.ones((1, *SHAPE)), OutsideSpaceError, "outside the span"),
        ("from_z_to_w", torch.ones((1, *SHAPE), dtype=torch.int8), ArgumentError, "z holds int8"),
    ],
)
def test_bad_arguments(method, argument, error, message):
    with pytest.raises(error, match=message):
        getattr(lsbe.SurrogateChart(seeds_of(3)), method)(argument)


class NumpyOnly(TransportMap):
    def num_inner_dims(self, latent_shape):
        return int(np.prod(latent_shape))

    def _to_inner(self, z, latent_shape):
        return np.asarray(z)

    def _to_latent(self, inner, latent_shape):
        return inner


def test_a_map_that_leaves_the_library_is_named():
    with pytest.raises(ArgumentError, match="NumpyOnly made ndarray of latents that are torch"):
        lsbe.SurrogateChart(seeds_of(3), transport_map=NumpyOnly())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_a_large_mean_costs_narrow_latents_no_digits(dtype):
    law = GaussianTransportMap(1000.0001, scale=0.25)
    z = torch.tensor([[1000.0, 1024.0]], dtype=dtype)
    exact = (z.double().numpy() - 1000.0001) / 0.25
    found = law.forward(z).double().numpy()
    np.testing.assert_allclose(found, exact, rtol=torch.finfo(dtype).eps)


def test_devices_without_float64_get_the_widest_they_have():
    assert _widest(torch.device("mps")) == torch.float32
    assert _widest(torch.device("cuda")) == torch.float64


def test_maps_of_tensors_are_those_of_arrays():
    for law in LAWS.values():
        z = seeds_of(4)
        torch.testing.assert_close(law.forward(z).numpy(), law.forward(z.numpy()))
        inner = law.forward(z)
        torch.testing.assert_close(law.inverse(inner, latent_shape=SHAPE), z)
