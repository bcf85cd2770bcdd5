import pytest
import torch

from latent_spaces_by_example.generators.pipelines.fixed_point import FixedPoint


def solve(g, start, *, tolerance=1e-5, most_iterations=50):
    search = FixedPoint(start, tolerance=tolerance, most_iterations=most_iterations)
    while not search.done:
        search.tell(g(search.guess))
    return search


def linear(scale, *, n=200):
    """g(x) = m x + c with eigenvalues of m up to ``scale`` in size, and its fixed point."""
    rng = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(n, n, generator=rng))[0]
    m = basis @ torch.diag(torch.linspace(-scale, 0.5 * min(scale, 1.0), n)) @ basis.T
    c = torch.randn(n, generator=rng)
    return (lambda x: m @ x + c), torch.linalg.solve(torch.eye(n) - m, c)


@pytest.mark.parametrize("scale", [0.1, 0.5, 0.9, 1.5])
def test_finds_the_fixed_point_even_where_plain_iteration_diverges(scale):
    g, exact = linear(scale)
    search = solve(g, torch.zeros(200), tolerance=1e-6)
    assert search.converged
    assert (search.best - exact).norm() / exact.norm() < 1e-4


def test_says_when_there_is_none():
    search = solve(lambda x: x + 1.0 + x.abs(), torch.zeros(4))
    assert not search.converged
    assert search.residual > 0.1
    assert search.iterations <= 50


def test_values_that_are_not_finite_lead_nowhere_and_end():
    search = solve(lambda x: x * float("nan"), torch.ones(3))
    assert not search.converged
    assert search.residual == float("inf")


def test_survives_a_wild_value_on_the_way():
    g, exact = linear(0.5)
    calls = []

    def sometimes_wild(x):
        calls.append(1)
        return g(x) * (1e6 if len(calls) == 3 else 1.0)

    search = solve(sometimes_wild, torch.zeros(200))
    assert search.converged
    assert (search.best - exact).norm() / exact.norm() < 1e-3
