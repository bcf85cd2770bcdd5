import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import GaussianTransportMap


class Doubling:
    latent_shape = (4, 8)

    def generate(self, z):
        return 2.0 * z


@st.composite
def latents(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num, d = draw(st.integers(1, 6)), draw(st.sampled_from([(8,), (4, 8), (2, 4, 8)]))
    z = rng.standard_normal((num, *d)) * draw(st.floats(0.1, 10.0))
    return z.astype(draw(st.sampled_from([np.float32, np.float64])))


@given(latents(), st.sampled_from(sorted(lsbe.repairs.METHODS)))
def test_every_repair_keeps_shape_and_dtype_and_says_how_far_it_moved(z, method):
    before = z.copy()
    repair = lsbe.repairs.METHODS[method](z)
    np.testing.assert_array_equal(z, before)
    assert repair.latents.shape == z.shape
    assert repair.latents.dtype == z.dtype
    assert repair.method == method
    old, new = (x.reshape(len(z), -1).astype(float) for x in (z, repair.latents))
    norms = np.linalg.norm(old, axis=1)
    np.testing.assert_allclose(
        repair.distance, np.linalg.norm(new - old, axis=1) / norms, atol=1e-12
    )
    cosine = (old * new).sum(axis=1) / (norms * np.linalg.norm(new, axis=1))
    np.testing.assert_allclose(repair.cosine, cosine, atol=1e-12)
    assert repair.output_change is None


@given(latents())
def test_rescale_keeps_directions_and_reaches_the_expected_norm(z):
    repair = lsbe.repairs.rescale(z)
    np.testing.assert_allclose(repair.relative_norm, 1.0, rtol=1e-6)
    np.testing.assert_allclose(repair.cosine, 1.0, rtol=1e-6)


@given(latents(), st.sampled_from(["rescale", "gaussianise", "whiten"]))
def test_a_repair_done_twice_moves_nothing_more(z, method):
    repair = lsbe.repairs.METHODS[method]
    once = repair(z.astype(float)).latents
    np.testing.assert_allclose(repair(once).latents, once, atol=1e-6 * np.abs(once).max())


@pytest.mark.parametrize("law", ["heavy tails", "offset", "clipped"])
def test_gaussianise_makes_elements_that_a_test_cannot_tell_from_a_gaussian(law):
    rng = np.random.default_rng(0)
    z = {
        "heavy tails": rng.standard_t(2, size=(1, 2000)),
        "offset": rng.standard_normal((1, 2000)) + 3.0,
        "clipped": np.clip(rng.standard_normal((1, 2000)), -1.0, None) * 2.0,
    }[law]
    assert kstest(z[0], "norm").pvalue < 1e-9
    made = lsbe.repairs.gaussianise(z).latents[0]
    # clipped values were equal, and stay so: the rest is as it should be
    distinct = made[z[0] > z[0].min()]
    order = np.argsort(z[0][z[0] > z[0].min()])
    assert (np.diff(distinct[order]) >= 0.0).all()
    if law != "clipped":
        assert kstest(made, "norm").pvalue > 0.99


@given(latents())
def test_whiten_makes_directions_orthogonal_and_keeps_norms(z):
    z = z.astype(float)
    made = lsbe.repairs.whiten(z).latents.reshape(len(z), -1)
    np.testing.assert_allclose(
        np.linalg.norm(made, axis=1), np.linalg.norm(z.reshape(len(z), -1), axis=1), rtol=1e-9
    )
    unit = made / np.linalg.norm(made, axis=1, keepdims=True)
    np.testing.assert_allclose(unit @ unit.T, np.eye(len(z)), atol=1e-9)


def test_whiten_moves_less_than_gram_schmidt_does():
    rng = np.random.default_rng(0)
    z = 0.7 * rng.standard_normal(64) + rng.standard_normal((6, 64))
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    q, r = np.linalg.qr(unit.T)
    gram_schmidt = (q * np.sign(np.diag(r))).T
    repair = lsbe.repairs.whiten(unit)
    assert (repair.distance**2).sum() < ((gram_schmidt - unit) ** 2).sum()


def test_the_inner_latent_is_what_is_repaired():
    law = GaussianTransportMap(mean=5.0, variance=4.0)
    z = 5.0 + 2.0 * 3.0 * np.random.default_rng(0).standard_normal((2, 100))
    repair = lsbe.repairs.rescale(z, transport_map=law)
    inner = (repair.latents - 5.0) / 2.0
    np.testing.assert_allclose(np.linalg.norm(inner, axis=1), 10.0)

    class Model(Doubling):
        latent_shape = (100,)
        transport_map = law

    same = lsbe.repairs.rescale(z, generator=Model())
    np.testing.assert_array_equal(same.latents, repair.latents)


def test_with_a_generator_the_result_says_how_much_the_outputs_changed():
    z = np.random.default_rng(0).standard_normal((3, 4, 8)) * 2.0
    repair = lsbe.repairs.rescale(z, generator=Doubling())
    expected = np.sqrt(((2.0 * (repair.latents - z)) ** 2).mean(axis=(1, 2)))
    np.testing.assert_allclose(repair.output_change, expected)
    pairs = [np.sqrt((4.0 * (z[i] - z[j]) ** 2).mean()) for i in range(3) for j in range(i)]
    np.testing.assert_allclose(repair.output_spread, np.median(pairs))
    assert "output changed by" in str(repair)
    assert len(str(repair).splitlines()) == 5


def test_a_single_latent_has_no_spread_to_compare_with():
    repair = lsbe.repairs.rescale(np.ones((1, 4, 8)), generator=Doubling())
    assert np.isnan(repair.output_spread)
    assert len(str(repair).splitlines()) == 2


def test_bad_input_is_named():
    same = np.ones((2, 8)) * [[1.0], [2.0]]
    with pytest.raises(ArgumentError, match="2 latents are linearly dependent"):
        lsbe.repairs.whiten(same)
    with pytest.raises(ArgumentError, match=r"latents\[0\] has one value in all"):
        lsbe.repairs.gaussianise(same)
    with pytest.raises(ArgumentError, match="norm zero"):
        lsbe.repairs.rescale(same, transport_map=GaussianTransportMap(mean=1.0, variance=1.0))
    with pytest.raises(ArgumentError, match=r"latents\[0\] is so large that its norm overflows"):
        lsbe.repairs.rescale(np.full((1, 8), 4e306))
    with pytest.raises(ArgumentError, match="NaN or infinite"):
        lsbe.repairs.rescale(np.array([[np.nan, 1.0]]))

    class Ragged(Doubling):
        def generate(self, z):
            return [np.ones(k + 1) for k in range(len(z))]

    with pytest.raises(ArgumentError, match="cannot be compared number by number"):
        lsbe.repairs.rescale(np.eye(2, 8), generator=Ragged())
