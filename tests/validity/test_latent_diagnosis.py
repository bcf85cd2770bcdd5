import json
import re

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import uniform_filter

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.transport_maps import GaussianTransportMap, UniformTransportMap

SHAPE = (4, 32, 32)


def draws(k, shape=SHAPE, *, seed=0):
    return np.random.default_rng(seed).standard_normal((k, *shape))


class Model:
    latent_shape = SHAPE
    transport_map = GaussianTransportMap(mean=2.0, scale=3.0)


class TestVerdicts:
    def test_prior_draws_are_found_at_fault_no_more_often_than_the_level_says(self):
        """60 sets at level 0.05."""
        shapes = [(64,), (8, 8), (2, 5, 7)]
        alarms = 0
        for number in range(60):
            z = draws(1 + number % 4, shapes[number % 3], seed=number)
            alarms += not lsbe.diagnose(z, level=0.05).ok
        assert stats.binomtest(alarms, 60, 0.05, alternative="greater").pvalue > 1e-3

    @pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
    def test_good_in_every_dtype(self, dtype):
        z = draws(3)
        if dtype == "bfloat16":
            torch = pytest.importorskip("torch")
            z = torch.from_numpy(z).to(torch.bfloat16)
        found = lsbe.diagnose(z if dtype == "bfloat16" else z.astype(dtype))
        assert found.ok
        assert found.advice == ()
        assert (
            found.verdict
            == "These 3 latents are what the model would draw, as far as tests can tell."
        )
        assert {latent.verdict for latent in found.latents} == {"as the model would draw it"}

    @pytest.mark.parametrize(
        ("spoilt", "figure", "words", "advice"),
        [
            (lambda z: 1.1 * z, "norm", "norm 1.1", 'combination="shell"'),
            (lambda z: 0.9 * z, "norm", "norm 0.9", 'combination="shell"'),
            (lambda z: z + 0.2, "mean", "elements average +0.", "GaussianTransportMap(mean=...)"),
            (np.sinh, "kurtosis", "tails heavier", "UniformTransportMap"),
            (np.tanh, "kurtosis", "tails lighter", "UniformTransportMap"),
            (
                lambda z: uniform_filter(z, (0, 3, 3)),
                "neighbours",
                "neighbouring elements are alike",
                "Invert with more steps",
            ),
        ],
    )
    def test_one_bad_latent_of_three(self, spoilt, figure, words, advice):
        z = draws(3)
        z[1] = spoilt(z[1])
        found = lsbe.diagnose(z, names=["a", "b", "c"])
        assert not found.ok
        assert [latent.ok for latent in found.latents] == [True, False, True]
        assert figure in found.latents[1].failed
        assert words in found.latents[1].verdict
        assert "1 of 3 latents is not what the model would draw: b" in found.verdict
        assert any(advice in line for line in found.advice)

    def test_a_mistaken_scale_is_named(self):
        found = lsbe.diagnose(14.6 * draws(2))
        assert "GaussianTransportMap(scale=14.6)" in found.advice[0]
        assert not found.only_norms

    def test_norms_alone(self):
        z = draws(3, (28,)) * np.array([[0.36], [0.77], [1.0]])
        assert lsbe.diagnose(z).only_norms
        assert not lsbe.diagnose(draws(3)).only_norms
        z[1] += 3.0
        assert not lsbe.diagnose(z).only_norms

    def test_scale_that_no_single_latent_shows(self):
        found = lsbe.diagnose(1.02 * draws(16))
        assert "all: norm" in found.failed
        assert "share: norms are 1.019 of the expected one" in found.verdict
        assert "GaussianTransportMap(scale=1.02)" in found.advice[0]

    def test_correlated_pair(self):
        z = draws(4)
        z[3] = 0.2 * z[0] + np.sqrt(0.96) * z[3]
        found = lsbe.diagnose(z)
        assert all(latent.ok for latent in found.latents)
        assert found.failed[0] == "correlation"
        assert "latent 0 and latent 3 are correlated (+0.2" in found.verdict
        assert found.correlation[0, 3] == pytest.approx(0.2, abs=0.05)

    def test_set_that_degenerates(self):
        z = np.sqrt(0.5) * draws(1) + np.sqrt(0.5) * draws(6, seed=1)
        found = lsbe.diagnose(z)
        assert found.effective_rank == pytest.approx(36 / (6 + 30 * 0.25), rel=0.1)
        assert "the 6 latents amount to 2." in found.verdict
        assert found.middle["linear"].centre > 1.7
        assert "has norm 1.8" in found.advice[-1]
        assert 'combination="shell"' in found.advice[-1]


class TestLaws:
    def test_of_the_generator(self):
        z = 2.0 + 3.0 * draws(2)
        assert lsbe.diagnose(z, generator=Model()).ok
        assert not lsbe.diagnose(z).ok

    def test_transport_map_before_the_generators(self):
        assert lsbe.diagnose(
            draws(2), generator=Model(), transport_map=lsbe.transport_maps.IdentityTransportMap()
        ).ok

    def test_uniform_draws(self):
        z = np.random.default_rng(0).random((3, 8, 16), dtype=np.float32)
        assert lsbe.diagnose(z, transport_map=UniformTransportMap(resolution=2.0**-24)).ok

    def test_map_of_fewer_dimensions_has_no_axes(self):
        class Halving(lsbe.transport_maps.TransportMap):
            def num_inner_dims(self, latent_shape):
                return int(np.prod(latent_shape)) // 2

            def _to_inner(self, z, latent_shape):
                return z[:, ::2]

            def _to_latent(self, inner, latent_shape):
                return np.repeat(inner, 2, axis=1)

        found = lsbe.diagnose(draws(2, (8, 16)), transport_map=Halving())
        assert found.num_inner_dims == 64
        assert found.ok


class TestResult:
    def test_json(self):
        found = lsbe.diagnose(1.2 * draws(2, (8, 8)))
        values = json.loads(json.dumps(found.to_json()))
        assert values["ok"] is found.ok
        assert values["latents"][0]["relative_norm"] == pytest.approx(1.2, rel=0.2)
        assert [f["name"] for f in values["statistics"]][:2] == ["correlation", "effective rank"]
        assert np.shape(values["correlation"]) == (2, 2)

    def test_single_latent_has_no_set(self):
        found = lsbe.diagnose(draws(1, (64,)))
        assert found.statistics == ()
        assert found.effective_rank == 1.0
        assert found.verdict.startswith("This latent is")

    def test_adjusted_p_values_share_the_level(self):
        """Bonferroni: the weights p / adjusted add up to 1 over the whole report."""
        found = lsbe.diagnose(draws(3, (16, 16)), level=0.9)
        figures = [*found.statistics, *(f for latent in found.latents for f in latent.statistics)]
        spoilt = lsbe.diagnose(1e3 + 1e3 * draws(3, (16, 16)), level=0.9)
        known = {
            f.name: f.p_value / f.adjusted
            for f in [*spoilt.statistics, *spoilt.latents[0].statistics]
            if f.adjusted < 1.0
        }
        assert all(f.adjusted >= f.p_value for f in figures)
        counts = {name: 3 for name in known if not name.startswith(("all", "corr", "eff"))}
        assert sum(share * counts.get(name, 1) for name, share in known.items()) <= 1.0 + 1e-9
        assert known["all: norm"] > known["norm"] > 0.03

    def test_pictures(self, tmp_path):
        for k, name in [(1, "one.png"), (25, "many.svg")]:
            lsbe.diagnose(draws(k, (8, 8)), names=[f"$x_{i}^" for i in range(k)]).save_picture(
                tmp_path / name
            )
            assert (tmp_path / name).stat().st_size > 5000
        with pytest.raises(ArgumentError, match="cannot be written"):
            lsbe.diagnose(draws(1, (8, 8))).save_picture(tmp_path / "one.xyz")
        with pytest.raises(ArgumentError, match="cannot be written"):
            lsbe.diagnose(draws(1, (8, 8))).save_picture(tmp_path / "none" / "one.png")


class TestBadInput:
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_not_finite(self, value):
        z = draws(3)
        z[1, 2, 5, 7] = value
        with pytest.raises(ArgumentError, match=r"latents\[1\] holds 1 .* at index \(2, 5, 7\)"):
            lsbe.diagnose(z)

    def test_outside_the_support(self):
        z = np.full((2, 8), 0.5)
        z[1, 3] = 1.5
        with pytest.raises(ArgumentError, match=r"\(1.5\) in latent 1 at element 3"):
            lsbe.diagnose(z, transport_map=UniformTransportMap())

    def test_at_the_edge_of_the_support(self):
        class Log(lsbe.transport_maps.TransportMap):
            def num_inner_dims(self, latent_shape):
                return int(np.prod(latent_shape))

            def _to_inner(self, z, latent_shape):
                with np.errstate(divide="ignore"):
                    return np.log(z)

            def _to_latent(self, inner, latent_shape):
                return np.exp(inner)

        z = np.ones((2, 8))
        z[0, 4] = 0.0
        with pytest.raises(ArgumentError, match=r"inner latents .*\[0\] holds 1 .*-inf.*\(4,\)"):
            lsbe.diagnose(z, transport_map=Log())

    @pytest.mark.parametrize(
        ("z", "message"),
        [
            (np.zeros((2, 64)), r"latents\[0\] is all zeros"),
            (np.ones(64), r"shape \(64,\); expected \(K, \*latent_shape\); write latents\[None\]"),
            (np.ones((2, 0)), r"shape \(2, 0\)"),
            (np.ones((2, 3)), "3 inner dimensions"),
            (np.ones((2, 8), dtype=int), "int64"),
            ("airfoil", "latents"),
        ],
    )
    def test_wrong_arrays(self, z, message):
        with pytest.raises(ArgumentError, match=message):
            lsbe.diagnose(z)

    def test_not_of_this_generator(self):
        with pytest.raises(ArgumentError, match=r"expected \(n, 4, 32, 32\)"):
            lsbe.diagnose(draws(2, (64,)), generator=Model())
        with pytest.raises(ArgumentError, match=r"write latents\[None\]"):
            lsbe.diagnose(draws(1)[0], generator=Model())

    def test_other_arguments(self):
        for wrong in (
            {"level": 2.0},
            {"level": ""},
            {"level": True},
            {"names": ["a"]},
            {"names": 0},
            {"names": "ab"},
            {"generator": "x"},
            {"transport_map": 2},
        ):
            (name, value), *_ = wrong.items()
            with pytest.raises(ArgumentError, match=f"{name}={re.escape(repr(value))}"):
                lsbe.diagnose(draws(2), **wrong)

    @pytest.mark.parametrize("size", [1e160, 1e-320])
    def test_sizes_whose_squares_no_number_holds(self, size):
        with pytest.raises(ArgumentError, match=r"latents\[0\] is of size 4e"):
            lsbe.diagnose(np.full((2, 64), 4.0 * size))
