import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.testing import TransportMapContract
from latent_spaces_by_example.transport_maps import ElementLaw, ElementwiseTransportMap

SHAPES = np.array([0.7, 2.0, 30.0])[:, None]


class TestOneFamilyPerChannel(TransportMapContract):
    def make_transport_map(self):
        return ElementwiseTransportMap(stats.gamma(SHAPES, scale=2.0))

    def draw_latents(self, n, rng):
        return rng.gamma(SHAPES, 2.0, (n, 3, 2))


class TestOneLawPerChannel(TransportMapContract):
    def make_transport_map(self):
        laws = [stats.uniform(-1.0, 2.0), stats.laplace(3.0), stats.t(3.0)]
        return ElementwiseTransportMap(laws, axis=-1)

    def draw_latents(self, n, rng):
        parts = [
            rng.uniform(-1.0, 1.0, (n, 2)),
            rng.laplace(3.0, 1.0, (n, 2)),
            rng.standard_t(3.0, (n, 2)),
        ]
        return np.stack(parts, axis=-1)


class TestPairOfFunctions(TransportMapContract):
    def make_transport_map(self):
        return ElementwiseTransportMap(
            (lambda z: 1.0 / (1.0 + np.exp(-z)), lambda p: np.log(p) - np.log1p(-p))
        )

    def draw_latents(self, n, rng):
        return rng.logistic(size=(n, 5))


LAWS = {
    "normal": stats.norm(3.0, 2.0),
    "far from zero": stats.norm(1e6, 0.5),
    "exponential": stats.expon(),
    "gamma": stats.gamma(2.0),
    "beta": stats.beta(2.0, 5.0),
    "cauchy": stats.cauchy(),
    "lognormal": stats.lognorm(1.5),
    "gumbel": stats.gumbel_r(),
    "weibull": stats.weibull_min(1.7),
    "truncated": stats.truncnorm(-1.0, 2.0),
}


@pytest.mark.parametrize("law", LAWS)
def test_both_tails_come_back(law):
    inner = np.linspace(-30.0, 30.0, 121)[None]
    if law in ("far from zero", "truncated"):  # here the values themselves run out of digits
        inner = inner / 4.0
    transport_map = ElementwiseTransportMap(LAWS[law])
    z = transport_map.inverse(inner)
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0.0).all()
    again = transport_map.forward(z)
    assert np.isfinite(again).all()
    # what rounding of a value can change: its spacing times the slope of its score, which at
    # the end of a support is all
    slope = np.gradient(inner[0]) / np.maximum(np.gradient(z[0]), 1e-300)
    rounding = 8.0 * np.spacing(np.abs(z[0])) * slope
    near = (np.abs(again - inner)[0] <= 1e-8 + rounding) | np.isin(z[0], LAWS[law].support())
    assert near.all()
    assert np.isin(z[0], LAWS[law].support()).mean() < 0.4


BOUNDLESS = [
    ElementwiseTransportMap(law) for law in (stats.cauchy(), stats.expon(), stats.beta(3.0, 0.4))
]


@given(score=st.floats(-36.0, 36.0), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_the_inverse_is_finite_and_of_the_dtype(score, dtype):
    for transport_map in BOUNDLESS:
        z = transport_map.inverse(np.array([[score]], dtype))
        assert z.dtype == dtype
        assert np.isfinite(z).all()


def test_the_ends_are_finite_inside_and_come_back_exactly():
    for law in (stats.beta(2.0, 3.0, loc=-1.0, scale=5.0), stats.beta(50.0, 50.0)):
        ends = np.array([law.support()])
        inner = ElementwiseTransportMap(law).forward(ends)
        np.testing.assert_array_equal(inner, [[-37.5, 37.5]])
        np.testing.assert_array_equal(ElementwiseTransportMap(law).inverse(inner), ends)


def test_far_out_in_the_inner_space_nothing_is_infinite():
    z = ElementwiseTransportMap(stats.norm()).inverse(np.array([[-1e300, -40.0, 40.0, 1e300]]))
    np.testing.assert_allclose(z, [[-37.5, -37.5, 37.5, 37.5]], rtol=1e-12)
    assert np.isfinite(ElementwiseTransportMap(stats.pareto(0.1)).inverse(np.array([[1e3]]))).all()


def test_a_law_of_the_newer_kind_of_scipy():
    if not hasattr(stats, "Normal"):
        pytest.skip("this SciPy has none")
    transport_map = ElementwiseTransportMap(stats.Normal(mu=2.0, sigma=3.0))
    z = np.array([[-100.0, 2.0, 100.0]])
    np.testing.assert_allclose(transport_map.forward(z), (z - 2.0) / 3.0, rtol=1e-12)
    np.testing.assert_allclose(transport_map.inverse((z - 2.0) / 3.0), z, rtol=1e-12)


def test_a_gaussian_law_is_standardising():
    z = np.array([[-60.0, 0.0, 5.0, 70.0]])
    inner = ElementwiseTransportMap(stats.norm(5.0, 2.0)).forward(z)
    np.testing.assert_allclose(inner, (z - 5.0) / 2.0, rtol=1e-12)


def test_outside_the_support_is_refused_with_element_and_value():
    transport_map = ElementwiseTransportMap(stats.expon())
    z = np.ones((2, 3, 4))
    z[1, 2, 1] = -0.25
    message = r"1 values outside the support \[0, inf\].*\(-0\.25\) in latent 1 at element \(2, 1\)"
    with pytest.raises(ArgumentError, match=message):
        transport_map.forward(z)
    z[1, 2, 1] = np.nan
    with pytest.raises(ArgumentError, match=r"\(nan\) in latent 1 at element \(2, 1\)"):
        transport_map.forward(z)
    by_channel = ElementwiseTransportMap([stats.norm(), stats.norm(), stats.expon()])
    z[1, 2, 1] = -0.25
    with pytest.raises(ArgumentError, match=r"latent 1 at element \(2, 1\)"):
        by_channel.forward(z)


def test_rounding_at_an_end_is_allowed():
    transport_map = ElementwiseTransportMap(stats.uniform(2.0, 3.0))
    z = np.array([[2.0 - 4e-16, 5.0 + 8e-16]])
    np.testing.assert_array_equal(transport_map.inverse(transport_map.forward(z)), [[2.0, 5.0]])


def test_a_tail_that_float64_lacks_is_refused():
    with pytest.raises(ArgumentError, match="so far out"):
        ElementwiseTransportMap(stats.norm()).forward(np.array([[60.0]]))
    pair = ElementwiseTransportMap((stats.norm().cdf, stats.norm().ppf))
    with pytest.raises(ArgumentError, match="give the law's sf and isf"):
        pair.forward(np.array([[9.0]]))


def flat_then_down(z):
    return stats.norm.cdf(z) - 0.2 * np.exp(-((z - 1.0) ** 2) * 40.0)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        ((stats.norm.cdf, stats.expon.ppf), "do not invert"),
        ((lambda z: stats.norm.cdf(z) ** 2, stats.norm.ppf), "do not invert"),
        ((flat_then_down, stats.norm.ppf), "not monotone"),
        ((stats.norm.sf, stats.norm.ppf), "not monotone"),
        ((stats.norm.cdf, stats.norm.isf), "not monotone"),
        ((lambda z: 2.0 * stats.norm.cdf(z), stats.norm.ppf), "do not invert"),
        ((stats.norm.cdf, np.round), "do not invert"),
        ((stats.norm.cdf, lambda p: np.full_like(p, np.nan)), "value nan"),
        ((lambda z: 0.5, stats.norm.ppf), "shape"),
        (stats.poisson(3.0), "continuous"),
        (stats.norm, "frozen"),
        ("normal", "frozen"),
        (None, "frozen"),
        ([], "empty"),
        ([stats.norm(), "normal"], r"law\[1\]"),
    ],
)
def test_a_law_that_is_none_is_an_error(law, message):
    with pytest.raises(ArgumentError, match=message):
        ElementwiseTransportMap(law)


def test_an_inverse_that_only_has_the_ends_is_an_error():
    with pytest.raises(ArgumentError, match="do not invert"):
        ElementLaw(lambda z: np.clip(z, 0.0, 1.0), np.round, support=(0.0, 1.0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sf": stats.norm.sf}, "only one of sf and isf"),
        ({"sf": stats.norm.cdf, "isf": stats.norm.ppf}, r"monotone|invert"),
        ({"support": (1.0, 1.0)}, "high above low"),
        ({"support": "all"}, "support"),
        ({"cdf": 3.0}, "cdf=3.0; give a function"),
    ],
)
def test_functions_that_do_not_belong_together_are_an_error(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        ElementLaw(**{"cdf": stats.norm.cdf, "ppf": stats.norm.ppf, **arguments})


def test_one_bad_law_among_many_elements_is_found():
    scale = np.ones(500)
    wrong = scale.copy()
    wrong[321] = 2.0
    with pytest.raises(ArgumentError, match="do not invert"):
        ElementLaw(
            stats.norm(0.0, scale).cdf,
            stats.norm(0.0, wrong).ppf,
            support=(-np.inf, np.full(500, np.inf)),
        )


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: ElementwiseTransportMap(stats.expon(scale=np.ones(3))), (3, 2)),
        (lambda: ElementwiseTransportMap(stats.expon(scale=np.ones((5, 3)))), (3,)),
        (lambda: ElementwiseTransportMap([stats.norm()] * 3, axis=0), (2, 3)),
        (lambda: ElementwiseTransportMap([stats.norm()] * 3, axis=2), (3, 3)),
    ],
)
def test_latents_of_another_shape_are_an_error(make, shape):
    with pytest.raises(ArgumentError, match="latents have shape"):
        make().forward(np.ones((1, *shape)))


@pytest.mark.parametrize(("law", "axis"), [(stats.norm(), 0), ([stats.norm()], "x")])
def test_an_axis_that_is_none_is_an_error(law, axis):
    with pytest.raises(ArgumentError, match="axis"):
        ElementwiseTransportMap(law, axis=axis)


def test_its_repr_says_which_laws():
    assert "2 laws, axis=0" in repr(ElementwiseTransportMap([stats.norm(), stats.expon()]))
    assert "ElementLaw" in repr(ElementwiseTransportMap(ElementLaw(stats.norm.cdf, stats.norm.ppf)))
