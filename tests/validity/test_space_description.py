import json
import sys

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from benchmarks.space.baselines import LatentBox, LinearInterpolation, WeightBox
from latent_spaces_by_example.errors import ArgumentError

D = 512


def draws(num_seeds, *, correlation=0.0, random_seed=0, d=D):
    rng = np.random.default_rng(random_seed)
    shared, own = rng.standard_normal((1, d)), rng.standard_normal((num_seeds, d))
    return np.sqrt(correlation) * shared + np.sqrt(1.0 - correlation) * own


def shell_chart(seeds):
    return lsbe.knothe_rosenblatt_surrogate_chart(seeds, combination="shell")


class Doubling:
    latent_shape = (D,)

    def generate(self, z):
        return 2.0 * z


class Other(Doubling):
    latent_shape = (3,)


def test_prior_draws_give_a_valid_space_and_baselines_do_not():
    seeds = draws(8)
    valid = lsbe.describe(shell_chart(seeds), num_points=60).validity
    assert valid.norms_inside == 1.0
    assert valid.elements_rejected < 0.1
    for space in (LinearInterpolation(seeds), WeightBox(seeds), LatentBox((64,))):
        description = lsbe.describe(space, num_points=60)
        assert description.validity.norms_inside < 0.5
        assert any("latent norm outside" in warning for warning in description.warnings)
        assert description.verdict.startswith("Do not search it yet")


def test_correlated_seeds_keep_their_norms_under_shell_and_leave_them_under_linear():
    seeds = draws(8, correlation=0.3)
    shell = lsbe.describe(shell_chart(seeds), num_points=60)
    linear = lsbe.describe(lsbe.SurrogateChart(seeds), num_points=60)
    assert shell.validity.norms_inside == 1.0
    assert shell.verdict.startswith("Good to search")
    assert linear.validity.norms_inside < 0.2
    assert 'combination="shell"' in linear.verdict
    assert linear.validity.relative_norms.max() > 1.4


def test_a_right_norm_does_not_hide_wrong_elements():
    rng = np.random.default_rng(0)
    seeds = rng.choice([-1.0, 1.0], size=(2, 1000))
    validity = lsbe.describe(shell_chart(seeds), num_points=60).validity
    assert validity.norms_inside == 1.0
    assert validity.elements_rejected > 0.9


def test_collapsed_faces_are_found_where_the_charts_say_they_are():
    for make in (lsbe.knothe_rosenblatt_surrogate_chart, lsbe.angular_surrogate_chart):
        found = lsbe.describe(make(draws(5)), num_points=20).uniqueness.collapsed
        assert [(face.coordinate, face.side, face.lost) for face in found] == [
            (0, 0, (1, 2, 3)),
            (1, 0, (2, 3)),
            (2, 0, (3,)),
        ]
    assert str(found[0]) == "where u_1 = 0, u_2 to u_4 do not matter"
    assert str(found[2]) == "where u_3 = 0, u_4 does not matter"
    assert lsbe.describe(WeightBox(draws(3)), num_points=20).uniqueness.collapsed == ()


def test_of_many_coordinates_the_first_and_the_last_are_probed():
    chart = shell_chart(draws(60))
    found = lsbe.describe(chart, num_points=10).uniqueness.collapsed
    assert [face.coordinate for face in found] == [*range(16), *range(43, 58)]
    assert str(found[0]) == "where u_1 = 0, 31 of the coordinates u_2 to u_59 do not matter"
    assert str(found[-1]) == "where u_58 = 0, u_59 does not matter"


def test_the_closest_pair_is_where_the_result_says():
    chart = shell_chart(draws(3))
    uniqueness = lsbe.describe(chart, Doubling(), num_points=40).uniqueness
    first, second = uniqueness.latent_pair
    z = chart.from_u_to_z(uniqueness.latent_pair)
    ratio = np.linalg.norm(z[0] - z[1]) / np.sqrt(D) / np.linalg.norm(first - second)
    np.testing.assert_allclose(ratio, uniqueness.latent_ratio, rtol=1e-9)
    # outputs are twice the latents, so their closest pair is the same
    np.testing.assert_array_equal(uniqueness.output_pair, uniqueness.latent_pair)
    assert uniqueness.identical_outputs == 0.0


def test_identical_outputs_are_counted():
    class Constant(Doubling):
        def generate(self, z):
            return np.zeros((len(z), 3))

    description = lsbe.describe(shell_chart(draws(3)), Constant(), num_points=20)
    assert description.uniqueness.identical_outputs == 1.0
    assert description.uniqueness.output_ratio == 0.0
    assert np.isnan(description.stationarity[0].by_u)
    assert "nan" in description.table()
    assert "have the very same output" in description.verdict


def test_outputs_that_are_latents_correlate_perfectly_with_latents():
    chart = lsbe.angular_surrogate_chart(draws(4))
    description = lsbe.describe(chart, Doubling(), num_points=40)
    assert [row.name for row in description.stationarity] == ["Angular", "KnotheRosenblatt"]
    for row in description.stationarity:
        np.testing.assert_allclose(row.by_latents, 1.0)
        np.testing.assert_allclose(row.output_evenness, row.latent_evenness, rtol=1e-6)
        assert row.by_weights > 0.99
    angular, uniform = description.stationarity
    assert uniform.by_u > angular.by_u


def test_float32_seeds_and_shapes_are_described_alike():
    seeds = draws(4)
    plain = lsbe.describe(shell_chart(seeds), num_points=30).metrics()
    narrow = seeds.reshape(4, 8, 8, 8).astype(np.float32)
    other = lsbe.describe(shell_chart(narrow), num_points=30).metrics()
    assert other.keys() == plain.keys()
    for name, value in plain.items():
        np.testing.assert_allclose(other[name], value, rtol=1e-4, err_msg=name)


def test_examples_that_do_not_come_back_and_odd_norms_are_warned_of():
    seeds = draws(3)
    seeds *= np.array([[1.0], [0.45], [3.6]]) * np.sqrt(D) / np.linalg.norm(seeds, axis=1)[:, None]
    examples = 2.0 * seeds
    examples[0] += 5.0
    chart = shell_chart(seeds)
    description = lsbe.describe(
        chart, Doubling(), num_points=30, examples=examples, names=["a", "b", "c"]
    )
    said = {s.name: s.unlike for s in description.seed_latents}
    assert "what its latent gives back differs" in said["a"]
    assert said["b"] is None
    assert "3.60 times the usual norm" in said["c"]
    assert description.seed_latents[1].relative_error < 1e-9
    assert any(warning.startswith("c: ") for warning in description.warnings)
    last = str(description).splitlines()[-1]
    assert last.startswith("Verdict: Mend a, c before you search it")


def test_norms_that_inversion_leaves_are_no_reason_to_warn_under_the_shell_rule():
    seeds = draws(3)
    seeds *= np.array([[0.36], [1.2], [0.7]]) * np.sqrt(D) / np.linalg.norm(seeds, axis=1)[:, None]
    description = lsbe.describe(shell_chart(seeds), num_points=30)
    assert description.validity.norms_inside < 0.9
    assert description.warnings == ()
    assert description.verdict.startswith("Good to search: its points have 0.")


def test_the_callers_own_check_is_counted():
    description = lsbe.describe(
        shell_chart(draws(3)),
        Doubling(),
        num_points=40,
        output_valid=lambda outputs: outputs[:, 0] > 0.0,
        batch_size=7,
    )
    assert 0.0 < description.validity.outputs_valid < 1.0
    assert "pass your check" in str(description)


def test_features_stand_in_for_outputs_that_are_no_arrays():
    class Words(Doubling):
        def generate(self, z):
            return [{"first": latent[0]} for latent in z]

    chart = shell_chart(draws(3))
    with pytest.raises(ArgumentError, match="give output_features"):
        lsbe.describe(chart, Words(), num_points=20)
    described = lsbe.describe(
        chart, Words(), num_points=20, output_features=lambda x: [[o["first"]] for o in x]
    )
    assert described.stationarity[0].by_latents > 0.0


def test_saved_files_hold_the_table_the_metrics_and_pictures(tmp_path):
    chart = shell_chart(draws(3))
    description = lsbe.describe(chart, Doubling(), num_points=20)
    folder = description.save(tmp_path / "space")
    assert (folder / "description.txt").read_text().strip() == description.table()
    assert json.loads((folder / "metrics.json").read_text()) == description.metrics()
    for name in ("validity", "uniqueness", "stationarity"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_points_come_from_the_random_seed():
    chart = shell_chart(draws(3))
    first, again, other = (
        lsbe.describe(chart, num_points=10, random_seed=seed).metrics() for seed in (0, 0, 1)
    )
    assert first == again != other


def test_a_space_without_weights_or_outputs_has_pictures():
    pictures = lsbe.describe(LatentBox((16,)), num_points=20).pictures()
    assert sorted(pictures) == ["stationarity", "uniqueness", "validity"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"num_points": 3}, "num_points=3; give a whole number from 10 to 10000"),
        ({"num_points": True}, "num_points=True"),
        ({"random_seed": -1}, "random_seed=-1"),
        ({"names": ["a"]}, r"names=\['a'\]; expected one for each of 3 latents"),
        ({"names": 0}, "names=0; expected one for each"),
        ({"generator": Doubling(), "examples": 1}, "1 examples were given for 3"),
        ({"generator": "airfoil"}, "generator='airfoil' has no latent_shape"),
        ({"batch_size": "x"}, "batch_size='x'"),
        ({"examples": [1, 2, 3]}, "examples were given without a generator"),
        ({"output_valid": len}, "output_valid was given without a generator"),
        ({"generator": Doubling(), "output_valid": lambda x: True}, "one boolean for each"),
        ({"generator": Doubling(), "examples": [np.ones(D)]}, "1 examples were given for 3"),
        ({"generator": Doubling(), "examples": np.ones((3, 4))}, "the examples have 4 numbers"),
        ({"generator": Doubling(), "batch_size": 0}, "batch_size=0"),
        ({"generator": Other()}, r"the generator's latents have shape \(n, 3\)"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    generator = arguments.pop("generator", None)
    with pytest.raises(ArgumentError, match=said):
        lsbe.describe(shell_chart(draws(3)), generator, **{"num_points": 10, **arguments})


def test_what_is_no_space_is_named():
    with pytest.raises(ArgumentError, match="chart is ndarray; expected a SurrogateChart"):
        lsbe.describe(draws(3))
    with pytest.raises(ArgumentError, match="one seed latent, whose space is one point"):
        lsbe.describe(shell_chart(draws(1)))
    with pytest.raises(ArgumentError, match="are for a SurrogateChart"):
        lsbe.describe(WeightBox(draws(2)), names=["a", "b"])


def test_matplotlib_is_not_loaded_before_a_picture_is_asked_for(monkeypatch):
    monkeypatch.delitem(sys.modules, "latent_spaces_by_example.validity.plots", raising=False)
    monkeypatch.delattr(lsbe.validity, "plots", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it could not be imported
    description = lsbe.describe(lsbe.SurrogateChart(np.eye(3, 40)), num_points=10)
    assert "Verdict: " in str(description)
    with pytest.raises(ImportError):
        description.pictures()
