import io
import itertools
import json

import numpy as np
import optuna
import pytest
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta
from PIL import Image

import latent_spaces_by_example as lsbe
from drawn import Drawn
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.study import output_files
from latent_spaces_by_example.study.output_files import files_of
from latent_spaces_by_example.study.settings import Point
from toys import Stretch, height


def _study(out, generator=None, **options):
    options = {"budget": 6, "search": "random", "examples": ["1", "2", "3"]} | options
    return lsbe.optimise(generator or Drawn(), height, out=out, **options)


def _metas(study, number):
    raw = study.optuna_study
    return {
        meta.filename: meta
        for meta in get_all_artifact_meta(raw.get_trials()[number], storage=study.records.storage)
    }


class TestAll:
    def test_picture_and_file_are_what_the_trial_made(self, tmp_path):
        study = _study(tmp_path / "run")
        for trial in study.trials:
            output = study.generator.generate(study.latents(trial.weights[None]))[0]
            files = study.artifacts.paths(trial.number)
            name = f"trial-{trial.number:05d}"
            assert sorted(files) == [f"{name}.npy", f"{name}.png"]
            np.testing.assert_allclose(np.load(files[f"{name}.npy"]), output)
            with Image.open(files[f"{name}.png"]) as picture:
                expected = np.asarray(study.generator.render(output))
                np.testing.assert_array_equal(np.asarray(picture), expected)

    def test_optunas_own_tools_find_them(self, tmp_path):
        study = _study(tmp_path / "run")
        store = FileSystemArtifactStore(tmp_path / "run" / "artifacts")
        for number in range(6):
            metas = _metas(study, number)
            meta = metas[f"trial-{number:05d}.png"]
            assert meta.mimetype == "image/png"
            with store.open_reader(meta.artifact_id) as file:
                assert file.read(8) == b"\x89PNG\r\n\x1a\n"
            assert metas[f"trial-{number:05d}.npy"].mimetype == "application/octet-stream"

    def test_an_image_is_kept_once(self, tmp_path):
        class Images(Drawn):
            suffix = ".png"

        study = _study(tmp_path / "run", Images())
        assert len(list((tmp_path / "run" / "artifacts").iterdir())) == 6
        assert study.artifacts.picture(0) is not None

    def test_outputs_that_the_generator_does_not_draw_are_drawn(self, tmp_path):
        study = _study(tmp_path / "run", Stretch())
        assert sorted(study.artifacts.paths(0)) == ["trial-00000.npy", "trial-00000.png"]
        assert study.trials[0].warning is None

    def test_outputs_of_a_noise_tape_are_kept_and_drawn(self, tmp_path):
        rng = np.random.default_rng(0)
        tape = lsbe.generators.noise_tape(lambda: rng.standard_normal((8, 6)), rngs=[rng])
        options = {"budget": 3, "search": "random", "num_seeds": 3, "out": tmp_path / "run"}
        study = lsbe.optimise(tape, lambda xs: [float(x[0, 0]) for x in xs], **options)
        files = study.artifacts.paths(0)
        assert sorted(files) == ["trial-00000.npy", "trial-00000.png"]
        np.testing.assert_array_equal(
            np.load(files["trial-00000.npy"]), tape.generate(study.latents([study.weights[0]]))[0]
        )

    def test_without_a_run_folder_there_are_none(self):
        assert _study(None).artifacts is None

    def test_a_failed_trial_keeps_none(self, tmp_path):
        numbers = itertools.count()

        def objective(outputs):
            return [np.nan if next(numbers) % 2 else 1.0 for _ in outputs]

        study = lsbe.optimise(
            Drawn(), objective, budget=4, search="random", num_seeds=3, out=tmp_path / "run"
        )
        assert [study.artifacts.picture(n) is None for n in range(4)] == [False, True, False, True]

    def test_of_a_batch_each_gets_its_own(self, tmp_path):
        study = _study(tmp_path / "run", batch_size=3)
        alone = _study(tmp_path / "alone", batch_size=3)
        pictures = [study.artifacts.picture(n).read_bytes() for n in range(6)]
        assert len(set(pictures)) == 6
        assert pictures == [alone.artifacts.picture(n).read_bytes() for n in range(6)]

    def test_an_evaluation_made_again_overwrites(self, tmp_path):
        study = _study(tmp_path / "run", budget=5)
        point = Point(
            weights=tuple(study.weights[4].tolist()), source="search", asked_by="run", batch=(5, 1)
        )
        number = study.records.add(point).number  # as a process that died leaves it
        study.artifacts.keep(number, files_of(study.generator, study.best_output))
        study.run(height, budget=6)
        assert len(_metas(study, number)) == 2
        assert len(list((tmp_path / "run" / "artifacts").iterdir())) == 12


class TestWhatCannotBeKept:
    def test_it_is_a_warning_and_the_score_is_there(self, tmp_path):
        class Broken(Drawn):
            def render(self, output):
                raise OSError(28, "No space left on device")

        study = _study(tmp_path / "run", Broken())
        assert np.isfinite(study.scores).all()
        assert study.trials[2].warning == (
            "its picture could not be kept: OSError: [Errno 28] No space left on device"
        )
        assert list(study.artifacts.paths(2)) == ["trial-00002.npy"]
        assert lsbe.open_study(tmp_path / "run", generator=Broken()).trials[2].warning

    def test_a_folder_that_is_in_the_way(self, tmp_path):
        study = _study(tmp_path / "run", budget=3)
        for path in (tmp_path / "run" / "artifacts").iterdir():
            path.unlink()
        (tmp_path / "run" / "artifacts").rmdir()
        (tmp_path / "run" / "artifacts").write_text("in the way")
        study.run(height, budget=5)
        assert np.isfinite(study.scores).all()
        assert "could not be kept" in study.trials[4].warning

    def test_a_file_that_is_too_large(self, tmp_path, monkeypatch):
        monkeypatch.setattr(output_files, "MOST_BYTES", 300)
        study = _study(tmp_path / "run")
        assert list(study.artifacts.paths(1)) == ["trial-00001.png"]
        assert "at most" in study.trials[1].warning

    def test_a_database_that_fails_does_not_reach_the_run(self, tmp_path, monkeypatch):
        study = _study(tmp_path / "run", budget=3)

        def failing(*_, **__):
            raise RuntimeError("locked")

        monkeypatch.setattr(study.records, "attach", failing)
        study.run(height, budget=5)
        assert np.isfinite(study.scores).all()


class TestPolicies:
    def test_none(self, tmp_path):
        study = _study(tmp_path / "run", artifacts="none")
        assert not (tmp_path / "run" / "artifacts").exists()
        assert study.settings.artifacts == "none"

    def test_best_keeps_the_outputs_of_the_k_best_and_thumbnails_of_the_others(self, tmp_path):
        study = _study(tmp_path / "run", Drawn(scale=100), artifacts="best:3", budget=10)
        best = set(np.argsort(-study.scores)[:3].tolist())
        for number in range(10):
            with Image.open(study.artifacts.picture(number)) as picture:
                full = picture.size == (800, 400)
                assert full or max(picture.size) == 192
            assert full == (number in best)
            assert (f"trial-{number:05d}.npy" in study.artifacts.paths(number)) == (number in best)
        assert all(trial.warning is None for trial in study.trials)

    def test_it_goes_on_after_a_resume(self, tmp_path):
        _study(tmp_path / "run", artifacts="best:2")
        study = lsbe.open_study(tmp_path / "run", generator=Drawn()).run(height, budget=9)
        files = [n for n in range(9) if len(study.artifacts.paths(n)) == 2]
        assert files == sorted(np.argsort(-study.scores)[:2].tolist())

    @pytest.mark.parametrize("policy", ["some", "best", "best:0", "best:-1", "best:x", ""])
    def test_another_is_refused_before_anything_is_made(self, tmp_path, policy):
        with pytest.raises(ArgumentError, match=r"artifacts=.*'best:K'"):
            _study(tmp_path / "run", artifacts=policy)
        assert not (tmp_path / "run").exists()


def test_the_dashboard_serves_them(tmp_path):
    dashboard = pytest.importorskip("optuna_dashboard")
    study = _study(tmp_path / "run", budget=3)
    store = FileSystemArtifactStore(tmp_path / "run" / "artifacts")
    storage = optuna.storages.get_storage(study.folder.storage)
    serve = dashboard.wsgi(storage, artifact_store=store)
    trial = study.optuna_study.get_trials()[2]
    (meta,) = (m for m in _metas(study, 2).values() if m.filename.endswith(".png"))
    place = f"/artifacts/{1}/{trial.number + 1}/{meta.artifact_id}"
    said = []
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": place,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
    }
    answer = serve(environment, lambda status, headers, *_: said.append((status, dict(headers))))
    content = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    status, headers = said[0]
    assert status.startswith("200")
    assert headers["Content-Type"] == "image/png"
    assert content == study.artifacts.picture(2).read_bytes()
    assert json.loads(json.dumps(study.settings.to_json()))["artifacts"] == "all"
