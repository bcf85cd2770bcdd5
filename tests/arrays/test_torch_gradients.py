import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import AngularChart, Chart, KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import GaussianTransportMap

RULES = ["linear", "shell"]
CHARTS = [KnotheRosenblattChart(), AngularChart()]
LAWS = [
    None,
    GaussianTransportMap(2.0, scale=np.linspace(0.5, 2.0, 12)),
    GaussianTransportMap(-1.0, covariance=0.5 * np.eye(12) + 0.5),
]


def seeds_of(num_seeds, *, dtype=torch.float64, num_dims=12):
    """Correlated and of different norms, where the rules differ."""
    generator = torch.Generator().manual_seed(0)
    seeds = torch.randn(num_seeds, num_dims, generator=generator, dtype=torch.float64)
    norms = torch.linspace(1.0, 2.0, num_seeds, dtype=torch.float64)[:, None]
    return ((seeds + seeds[:1].flip(1)) * norms).to(dtype)


def interior(n, num_seeds, *, dtype=torch.float64):
    u = np.random.default_rng(3).uniform(0.1, 0.9, (n, num_seeds - 1))
    return torch.tensor(u, dtype=dtype, requires_grad=True)


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("combination", RULES)
@pytest.mark.parametrize("weight_chart", CHARTS, ids=repr)
def test_from_latents_to_coordinates(weight_chart, combination, law):
    chart = lsbe.SurrogateChart(
        seeds_of(5), weight_chart=weight_chart, combination=combination, transport_map=law
    )
    assert torch.autograd.gradcheck(chart.from_u_to_z, interior(2, 5))


@pytest.mark.parametrize("weight_chart", CHARTS, ids=repr)
def test_from_weights_to_coordinates(weight_chart):
    chart = lsbe.SurrogateChart(seeds_of(5), weight_chart=weight_chart)
    assert torch.autograd.gradcheck(chart.from_u_to_w, interior(3, 5))


@pytest.mark.parametrize("law", LAWS, ids=repr)
@pytest.mark.parametrize("combination", RULES)
def test_from_latents_to_signed_weights(combination, law):
    chart = lsbe.SurrogateChart(seeds_of(4), combination=combination, transport_map=law)
    v = torch.tensor(np.random.default_rng(0).standard_normal((3, 4)), requires_grad=True)
    assert (v < 0.0).any()
    assert torch.autograd.gradcheck(lambda v: chart.from_w_to_z(v / v.norm(dim=1, keepdim=True)), v)


@pytest.mark.parametrize("combination", RULES)
def test_at_the_corners_too(combination):
    chart = lsbe.SurrogateChart(seeds_of(3), combination=combination)
    v = torch.eye(3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: chart.from_w_to_z(v / v.norm(dim=1, keepdim=True)), v)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("num_dims", [30, 40000])
def test_narrow_latents_give_the_gradient_that_wide_ones_do(dtype, num_dims):
    # 40,000 numbers are more than one block of columns
    narrow = seeds_of(4, dtype=dtype, num_dims=num_dims)
    slopes = torch.cos(torch.arange(num_dims))
    gradients = {}
    for seeds in (narrow, narrow.double()):
        u = interior(2, 4, dtype=torch.float32)
        z = lsbe.SurrogateChart(seeds).from_u_to_z(u)
        (z * slopes.to(dtype).to(z.dtype)).sum().backward()
        assert u.grad.dtype == torch.float32
        gradients[seeds.dtype] = u.grad
    scale = float(gradients[torch.float64].abs().max())
    torch.testing.assert_close(
        gradients[dtype], gradients[torch.float64], rtol=0.0, atol=1e-4 * scale
    )


@pytest.mark.parametrize("weight_chart", CHARTS, ids=repr)
def test_on_the_faces_gradients_are_finite(weight_chart):
    chart = lsbe.SurrogateChart(seeds_of(6), weight_chart=weight_chart)
    u = torch.tensor([[0.0] * 5, [1.0] * 5, [0.0, 1.0, 0.5, 0.0, 1.0]], requires_grad=True)
    chart.from_u_to_z(u).square().sum().backward()
    assert u.grad.isfinite().all()


def test_gradient_ascent_finds_the_seed_that_a_reward_wants():
    seeds = seeds_of(4)
    chart = lsbe.angular_surrogate_chart(seeds)
    u = torch.full((1, 3), 0.5, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([u], lr=0.05)
    for _ in range(200):
        optimiser.zero_grad()
        (chart.from_u_to_z(u) - seeds[2]).square().sum().backward()
        optimiser.step()
        with torch.no_grad():
            u.clamp_(0.0, 1.0)
    w = chart.from_u_to_w(u.detach())
    assert float(w[0, 2]) == pytest.approx(1.0, abs=1e-3)


# torch.func of torch 2.13 warns about a part of torch that it imports itself
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_functional_gradients_are_the_same():
    chart = lsbe.SurrogateChart(seeds_of(4), combination="shell")
    u = interior(2, 4)
    chart.from_u_to_z(u).square().sum().backward()
    functional = torch.func.grad(lambda u: chart.from_u_to_z(u).square().sum())(u.detach())
    torch.testing.assert_close(functional, u.grad)


def test_a_second_derivative_is_refused():
    chart = lsbe.SurrogateChart(seeds_of(3))
    u = interior(1, 3)
    (first,) = torch.autograd.grad(chart.from_u_to_z(u).square().sum(), u, create_graph=True)
    with pytest.raises(ArgumentError, match="second derivative"):
        first.sum().backward()


@pytest.mark.parametrize("method", ["from_z_to_w", "from_z_to_u", "project"])
def test_the_way_back_has_no_gradient(method):
    chart = lsbe.SurrogateChart(seeds_of(3))
    z = chart.from_u_to_z(interior(1, 3))
    with pytest.raises(ArgumentError, match=r"give tensor\.detach\(\)"):
        getattr(chart, method)(z)
    getattr(chart, method)(z.detach())
    with torch.no_grad():
        getattr(chart, method)(z)


def test_weights_to_coordinates_has_no_gradient():
    chart = lsbe.SurrogateChart(seeds_of(3))
    with pytest.raises(ArgumentError, match="where none can flow"):
        chart.from_w_to_u(torch.eye(3, requires_grad=True))


def test_beside_numpy_seed_latents_a_gradient_would_be_lost():
    chart = lsbe.SurrogateChart(seeds_of(3).numpy())
    with pytest.raises(ArgumentError, match=r"u cannot be read.*detach\(\)"):
        chart.from_u_to_z(interior(1, 3))


class Reversed(Chart):
    is_uniform = True

    def _weights(self, u):
        return KnotheRosenblattChart().forward(u)[:, ::-1]

    def _coordinates(self, w):
        return KnotheRosenblattChart().inverse(w[:, ::-1])


def test_a_chart_without_a_derivative_maps_but_has_no_gradient():
    chart = lsbe.SurrogateChart(seeds_of(3), weight_chart=Reversed())
    u = interior(1, 3)
    assert chart.from_u_to_z(u.detach()).shape == (1, 12)
    with pytest.raises(ArgumentError, match="need a weight chart that is a DifferentiableChart"):
        chart.from_u_to_z(u)
