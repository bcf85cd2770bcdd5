import sys

import numpy as np
import pytest
from msgspec.structs import replace

import latent_spaces_by_example as lsbe
from drawn import Drawn
from latent_spaces_by_example.errors import MissingPackageError
from latent_spaces_by_example.study import notebook
from latent_spaces_by_example.study.table import columns_of
from toys import Stretch, height_and_spread

NASTY = "<script>alert('x')</script>&"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    def objective(outputs):
        if outputs[0][3, 3] > 1.5:
            raise RuntimeError(NASTY)
        return height_and_spread(outputs)

    study = lsbe.optimise(
        Drawn(), objective, budget=8, search="random", examples=["6", "17", "18"],
        out=tmp_path_factory.mktemp("a") / "run",
    )  # fmt: skip
    study.ask(1)
    return study


class TestColumns:
    def test_names(self, study):
        names = list(columns_of(study.trials, settings=study.settings))
        assert [name for name in names if not name.startswith("latent")] == [
            "state", "score", "metric spread", "seconds", "error", "warning", "worker",
            "weight 6", "weight 17", "weight 18",
        ]  # fmt: skip
        assert {"latent norm", "latent fault"} < set(names)

    def test_values(self, study):
        columns = columns_of(study.trials, settings=study.settings)
        np.testing.assert_array_equal(columns["score"], study.scores)
        weights = np.stack([columns[f"weight {name}"] for name in study.seed_names], axis=1)
        np.testing.assert_array_equal(weights, study.weights)
        for trial, state in zip(study.trials, columns["state"], strict=True):
            expected = "failed" if trial.error else "pending" if trial.pending else "finished"
            assert state == expected
        assert {"finished", "failed", "pending"} == set(columns["state"])

    def test_names_that_are_taken(self):
        def objective(outputs):
            return [{"score": 1.0, "seconds": 3, "state": "solid"} for _ in outputs]

        study = lsbe.optimise(Stretch(), objective, budget=3, search="random", num_seeds=2)
        columns = columns_of(study.trials, settings=study.settings)
        assert columns["metric seconds"] == [3, 3, 3]
        assert columns["state"] == ["finished"] * 3

    def test_examples_of_one_name(self, study):
        facts = [replace(facts, name="same") for facts in study.settings.examples]
        settings = replace(study.settings, examples=tuple(facts))
        names = {"weight same", "weight same (2)", "weight same (3)"}
        assert names < set(columns_of(study.trials, settings=settings))


class TestDataframe:
    def test_is_of_pandas(self, study):
        pandas = pytest.importorskip("pandas")
        table = study.to_dataframe()
        assert isinstance(table, pandas.DataFrame)
        assert table.index.name == "trial"
        assert table.loc[int(table["score"].idxmax()), "score"] == study.best_score
        for trial, picture in zip(study.trials, table["picture"], strict=True):
            assert pandas.isna(picture) == (trial.error is not None)
        assert table["score"].dtype == table["seconds"].dtype == np.float64

    def test_without_pandas(self, study, monkeypatch):
        monkeypatch.setitem(sys.modules, "pandas", None)
        with pytest.raises(MissingPackageError, match=r"\[pandas\]"):
            study.to_dataframe()


class TestNotebook:
    def test_shows_the_best_with_its_picture(self, study):
        page = study._repr_html_()
        assert f"{study.best_score:.6g}" in page
        assert page.count("data:image/png;base64,") == 1
        assert len(page) < 10_000

    def test_every_name_is_escaped(self):
        class Named(Stretch):
            name = NASTY

        study = lsbe.optimise(
            Named(), height_and_spread, budget=2, search="random", num_seeds=2, name=NASTY
        )
        page = study._repr_html_()
        assert "<script" not in page
        assert page.count("&lt;script&gt;") == 2

    def test_nothing_finished(self):
        study = lsbe.create_study(Drawn(), num_seeds=2, search="random")
        study.tell(study.ask(1)[0], error="it broke")
        assert "0 finished, 1 failed" in study._repr_html_()

    def test_a_picture_that_is_dear_is_not_made(self):
        drawn = []

        class Counting(Drawn):
            def render(self, output):
                drawn.append(output)
                return super().render(output)

        study = lsbe.optimise(Counting(), height_and_spread, budget=2, num_seeds=2)
        assert "data:image" in study._repr_html_()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(notebook, "_CHEAP_SECONDS", 0.0)
            assert "data:image" not in study._repr_html_()
        assert len(drawn) == 1

    def test_a_picture_that_is_large_or_broken_is_left_out(self, study):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(notebook, "MOST_PICTURE_BYTES", 10)
            assert "data:image" not in study._repr_html_()

        class Broken(Drawn):
            def render(self, output):
                raise RuntimeError("no display")

        broken = lsbe.optimise(Broken(), height_and_spread, budget=2, num_seeds=2)
        assert "best" in broken._repr_html_()
