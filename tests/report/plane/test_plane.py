import csv

import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.report import plane
from toys import Stretch, height

ORANGE, BLUE = (0xC2, 0x41, 0x0C), (0x1D, 0x4E, 0xD8)


class Drawn(Stretch):
    def __init__(self):
        self.generated = 0

    def generate(self, z):
        self.generated += len(z)
        return super().generate(z)

    def render(self, output):
        return Image.fromarray((np.clip(output / 6 + 0.5, 0, 1) * 255).astype(np.uint8))


@pytest.fixture(scope="module")
def study():
    return lsbe.optimise(Drawn(), height, budget=12, seed_latents=[1, 2, 3], search="direct")


@pytest.fixture(scope="module")
def square(study):
    return plane.evaluate_plane(study, height, size=5, picture_size=16)


class TestEvaluatePlane:
    def test_scores_are_those_at_the_coordinates(self, study, square):
        for i, j in [(0, 0), (1, 3), (4, 2), (4, 4)]:
            u = np.array([[square.side[j], square.side[i]]])
            latents = study.latents(KnotheRosenblattChart().forward(u))
            assert square.scores[i, j] == height(study.generator.generate(latents))[0]

    def test_the_seed_latents_are_where_it_says(self, study, square):
        assert square.seed_names == ("seed 1", "seed 2", "seed 3")
        for i in range(5):
            for j in range(5):
                seed = square.seed_at(i, j)
                if seed is not None:
                    assert square.scores[i, j] == pytest.approx(study.scores[seed], rel=1e-12)
        assert {square.seed_at(i, j) for i in (0, 4) for j in (0, 4)} == {0, 1, 2}
        assert square.seed_at(2, 4) is None

    def test_the_best_is_the_highest(self, square):
        assert square.scores[square.best] == square.scores.max()

    def test_what_is_the_same_latent_is_made_once(self, study):
        before, seen = study.generator.generated, []
        plane.evaluate_plane(study, height, size=4, on_point=lambda *done: seen.append(done))
        assert study.generator.generated - before == 4 * 4 - 3
        assert seen == [(n, 13) for n in range(1, 14)]

    def test_the_path_is_that_of_the_search(self, study, square):
        path = square.path(study)
        assert path.shape == (12, 2)
        np.testing.assert_allclose(path[3], [0.5, 0.5], atol=1e-9)  # DIRECT begins in the middle

    def test_a_point_that_fails_costs_that_point(self, study):
        def sometimes(outputs):
            scores = height(outputs)
            if scores[0] < 0:
                raise RuntimeError("no")
            return scores

        found = plane.evaluate_plane(study, sometimes, size=4)
        assert np.isnan(found.scores).any()
        assert np.nanmin(found.scores) >= 0

        def never(outputs):
            raise RuntimeError("no")

        with pytest.raises(EvaluationError, match="no point of the grid"):
            plane.evaluate_plane(study, never, size=2)

    def test_what_is_refused(self, study):
        two = lsbe.optimise(Drawn(), height, budget=2, seed_latents=[1, 2])
        with pytest.raises(ArgumentError, match="spanned by 2 seed latents; a plane is spanned by"):
            plane.evaluate_plane(two, height)
        with pytest.raises(ArgumentError, match="size=1"):
            plane.evaluate_plane(study, height, size=1)

    def test_a_study_that_left_the_plane(self, square):
        away = lsbe.optimise(Drawn(), height, budget=8, seed_latents=[1, 2, 3], within_span=False)
        with pytest.raises(ArgumentError, match="left the plane"):
            square.path(away)


class TestPictures:
    def test_contours(self, study, square, tmp_path):
        widths = []
        for panels in ({"direct": study}, {"direct": study, "again": study}):
            plane.save_contours(square, panels, tmp_path / "contour.png")
            picture = np.asarray(Image.open(tmp_path / "contour.png").convert("RGB")).astype(int)
            for colour in (ORANGE, BLUE):
                assert (np.abs(picture - colour).sum(axis=-1) < 12).sum() > 30
            widths.append(picture.shape[1])
        assert widths[1] > widths[0]
        with pytest.raises(ArgumentError, match="studies is empty"):
            plane.save_contours(square, {}, tmp_path / "none.png")

    @pytest.mark.parametrize("missing", [False, True])
    def test_contours_of_flat_and_missing_scores(self, study, square, tmp_path, missing):
        scores = np.zeros((5, 5))
        scores[1:3, 1] = np.nan if missing else 0.0
        flat = plane.Plane(square.side, scores, {}, square.seed_names, square.weight_chart)
        plane.save_contours(flat, {"direct": study}, tmp_path / "contour.png")
        assert (tmp_path / "contour.png").stat().st_size > 0

    def test_montage_has_every_picture_with_seeds_and_best_framed(self, study, square, tmp_path):
        plane.save_montage(square, {"direct": study}, tmp_path / "montage.png")
        sheet = np.asarray(Image.open(tmp_path / "montage.png"))
        width, height_ = square.pictures[0, 0].size
        assert (width, height_) == (16, 8)  # 8 x 4 pixels, each as a square of two by two
        for (i, j), picture in square.pictures.items():
            x, y = 8 + j * (16 + 16), 8 + (4 - i) * (8 + 8 + 32 + 8)
            frame = tuple(sheet[y + 1, x + 1])
            if square.scores[i, j] == square.scores.max():
                assert frame == ORANGE
            elif square.seed_at(i, j) is not None:
                assert frame == BLUE
            np.testing.assert_array_equal(sheet[y + 4 : y + 12, x + 4 : x + 20], picture)

    def test_montage_needs_pictures(self, study, square, tmp_path):
        bare = plane.Plane(square.side, square.scores, {}, square.seed_names, square.weight_chart)
        with pytest.raises(ArgumentError, match="no render"):
            plane.save_montage(bare, {}, tmp_path / "montage.png")


class TestTables:
    def test_history_and_grid(self, study, square, tmp_path):
        plane.save_histories(square, {"direct": study, "other": study}, tmp_path / "history.csv")
        plane.save_grid(square, tmp_path / "grid.csv")
        with open(tmp_path / "history.csv", newline="") as file:
            history = list(csv.DictReader(file))
        assert [row["search"] for row in history] == ["direct"] * 12 + ["other"] * 12
        assert [float(row["score"]) for row in history[:12]] == study.scores.tolist()
        weights = [[float(row[f"weight seed {k}"]) for k in (1, 2, 3)] for row in history[:12]]
        np.testing.assert_array_equal(weights, study.weights)
        with open(tmp_path / "grid.csv", newline="") as file:
            grid = list(csv.DictReader(file))
        scores = np.reshape([float(row["score"]) for row in grid], (5, 5))
        np.testing.assert_array_equal(scores, square.scores)
        assert (grid[1]["u_1"], grid[1]["u_2"]) == ("0.25", "0.0")
