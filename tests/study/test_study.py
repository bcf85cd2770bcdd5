import itertools

import numpy as np
import pytest
from safetensors import safe_open

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, EvaluationError, StudyError
from latent_spaces_by_example.space import latents_from_random_seeds
from latent_spaces_by_example.study import open_study, stored_seeds
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]  # alike in score, so that the best is between them


def _random_study(**options):
    options = {"budget": 6, "search": "random", "examples": EXAMPLES} | options
    return lsbe.optimise(Stretch(), height, **options)


def _metadata(run):
    with safe_open(run / "seed_latents.safetensors", "np") as file:
        return file.metadata()


class TestOptimise:
    @pytest.mark.parametrize("search", ["random", "sobol", "direct", "cma-es", "tpe", "latent-gp"])
    def test_every_search_improves_on_the_examples(self, search):
        study = _random_study(search=search, budget=18)
        assert study.best_score > study.scores[:3].max()
        assert study.scores.shape == (18,)

    def test_examples_are_scored_first_and_what_is_best_can_be_made_again(self):
        study = _random_study()
        expected = height([Stretch().example(name) for name in EXAMPLES])
        np.testing.assert_allclose(study.scores[:3], expected, rtol=1e-12)
        assert study.seed_names == EXAMPLES
        assert study.best_score == np.nanmax(study.scores) == study.optuna_study.best_value
        np.testing.assert_allclose(height([study.best_output])[0], study.best_score, rtol=1e-12)
        np.testing.assert_allclose(study.best_latent * 2, study.best_output)

    def test_beyond_the_span_it_may_use_the_prior(self):
        study = _random_study(search="latent-gp", budget=20, within_span=False)
        assert study.weights.shape[1] > 3
        assert study.best_score > _random_study(search="latent-gp", budget=20).best_score

    def test_without_examples_the_prior_spans_the_space(self):
        study = _random_study(search="latent-gp", examples=None, budget=12)
        assert len(study.scores) == 12
        norms = np.linalg.norm(study.latents(study.weights).reshape(12, -1), axis=1)
        assert norms.min() > 0.5 * np.sqrt(32)

    def test_a_hypercube_search_gets_as_many_prior_seeds_as_asked(self):
        study = _random_study(examples=None, num_seeds=4)
        assert study.weights.shape == (6, 4)

    def test_seed_latents_of_any_dtype_come_back_in_it(self):
        latents = np.random.default_rng(0).standard_normal((3, 4, 8)).astype(np.float32)
        study = _random_study(examples=None, seed_latents=latents)
        assert study.best_latent.dtype == np.float32

    def test_no_framework_of_ours_is_needed_of_the_generator(self):
        class Bare:
            latent_shape = (6,)

            def generate(self, z):
                return z

        study = lsbe.optimise(Bare(), lambda xs: xs.sum(axis=1), budget=8)
        assert np.isfinite(study.scores).all()


class TestResume:
    def test_saving_a_study_that_was_opened_keeps_every_seed_latent(self, tmp_path):
        study = _random_study(search="latent-gp", examples=None, budget=12, out=tmp_path / "run")
        study.save()
        before = _metadata(tmp_path / "run")
        num_seeds = study.weights.shape[1]
        drawn = [int(before[f"random_seed_{i}"]) for i in range(num_seeds)]
        np.testing.assert_array_equal(
            latents_from_random_seeds(Stretch(), drawn), study.seeds.all()
        )
        open_study(tmp_path / "run", generator=Stretch()).save()
        assert _metadata(tmp_path / "run") == before

    def test_random_seeds_are_stored_as_integers(self, tmp_path):
        favourites = [1234567, 42]
        study = _random_study(examples=None, seed_latents=favourites, out=tmp_path / "run")
        study.save()
        assert study.seed_names == ["seed 1234567", "seed 42"]
        assert study.folder.load_seed_latents().shape == (0, 4, 8)
        again = open_study(tmp_path / "run", generator=Stretch())
        np.testing.assert_array_equal(again.best_latent, study.best_latent)
        rows = latents_from_random_seeds(Stretch(), favourites)
        np.testing.assert_array_equal(again.seeds.all(), rows)
        as_arrays = _random_study(examples=None, seed_latents=rows)
        np.testing.assert_array_equal(as_arrays.scores, study.scores)
        with pytest.raises(StudyError, match="digests differ"):
            _ = open_study(
                tmp_path / "run", generator=Stretch(), seed_latents=[42, 1234567]
            ).best_latent

    def test_of_another_generator_and_of_one_that_has_to_be_given(self, tmp_path):
        _random_study(out=tmp_path / "run")

        class Other(Stretch):
            name = "other"

        with pytest.raises(StudyError, match="not of other"):
            open_study(tmp_path / "run", generator=Other())
        with pytest.raises(StudyError, match=r"open_study\(\.\.\., generator"):
            _ = open_study(tmp_path / "run").best_output

    def test_with_other_seed_latents(self, tmp_path):
        storage = f"sqlite:///{tmp_path}/a.db"
        latents = np.random.default_rng(0).standard_normal((3, 4, 8))
        _random_study(examples=None, seed_latents=latents, storage=storage)
        reopened = open_study(storage=storage, generator=Stretch(), seed_latents=latents)
        assert len(reopened.scores) == 6
        with pytest.raises(StudyError, match="digests differ"):
            _ = open_study(
                storage=storage, generator=Stretch(), seed_latents=latents + 1
            ).best_latent
        from_storage = open_study(storage=storage, generator=Stretch())
        np.testing.assert_array_equal(from_storage.seeds.examples, latents)

    def test_with_seed_latents_too_large_for_the_storage(self, tmp_path, monkeypatch):
        monkeypatch.setattr(stored_seeds, "MOST_BYTES", 100)
        storage = f"sqlite:///{tmp_path}/a.db"
        _random_study(storage=storage)
        with pytest.raises(StudyError, match=r"too large for its storage; give seed_latents or"):
            _ = open_study(storage=storage, generator=Stretch()).best_latent

    def test_where_there_is_no_study(self, tmp_path):
        with pytest.raises(StudyError, match="no study in run folder"):
            open_study(tmp_path / "nowhere")
        (tmp_path / "empty").mkdir()
        with pytest.raises(StudyError, match="no study"):
            open_study(tmp_path / "empty")
        assert not any((tmp_path / "empty").iterdir())

    def test_several_studies_in_one_storage(self, tmp_path):
        storage = f"sqlite:///{tmp_path}/a.db"
        for name in ("a", "b"):
            _random_study(storage=storage, name=name, examples=None)
        with pytest.raises(StudyError, match=r"no study was named .*the storage holds a, b"):
            open_study(storage=storage, generator=Stretch())
        assert open_study(storage=storage, name="b", generator=Stretch()).name == "b"
        with pytest.raises(StudyError, match="of that name already"):
            _random_study(storage=storage, name="a", examples=None)


class TestFailures:
    def test_in_a_batch_a_failing_item_fails_alone(self):
        def objective(outputs):
            if any(x[0, 0] < 0 for x in outputs):
                raise ValueError("negative")
            return height(outputs)

        study = lsbe.optimise(
            Stretch(), objective, budget=16, batch_size=4, search="random", examples=EXAMPLES
        )
        outputs = Stretch().generate(study.latents(study.weights))
        expected = [x[0, 0] < 0 for x in outputs]
        assert 0 < sum(expected) < 16
        assert [trial.error is not None for trial in study.trials] == expected

    def test_a_wrong_number_of_scores_loses_nothing(self, tmp_path):
        numbers = itertools.count()

        def objective(outputs):
            return height(outputs) if next(numbers) < 3 else [1.0, 2.0]

        with pytest.raises(ArgumentError, match="2 scores"):
            lsbe.optimise(
                Stretch(), objective, budget=9, search="random", num_seeds=3, out=tmp_path / "r"
            )
        study = open_study(tmp_path / "r", generator=Stretch())
        assert len(study.finished_trials) == 3

    def test_nothing_finished_yet(self):
        class Never(Stretch):
            def generate(self, z):
                raise RuntimeError("no GPU")

        with pytest.raises(EvaluationError, match="no GPU"):
            lsbe.optimise(
                Never(), height, budget=20, search="random", num_seeds=2, check_generator=False
            )


class TestBadArguments:
    @pytest.mark.parametrize(
        ("argument", "value"), [("budget", 0), ("budget", -1), ("budget", True), ("batch_size", 0)]
    )
    def test_numbers_that_are_too_small_or_none(self, argument, value):
        with pytest.raises(ArgumentError, match=rf"{argument}={value}.*whole number"):
            _random_study(**{argument: value})

    def test_one_example_spans_one_point(self):
        with pytest.raises(ArgumentError, match="one point"):
            _random_study(examples=["6"], search="latent-gp")
        study = _random_study(examples=["6"], search="latent-gp", within_span=False)
        assert study.best_score > study.scores[0]

    def test_a_folder_that_is_taken(self, tmp_path):
        _random_study(out=tmp_path / "run")
        with pytest.raises(StudyError, match=r"holds a study.*lsbe resume"):
            _random_study(out=tmp_path / "run")

    def test_a_search_that_proposes_no_weights(self):
        class Wrong:
            num_prior_seeds = 2

            def propose(self, history, n, rng):
                return np.ones((n, 2))

        with pytest.raises(ArgumentError, match=r"Wrong proposed weights of norm .*unit norm"):
            lsbe.optimise(Stretch(), height, budget=3, search=Wrong())
