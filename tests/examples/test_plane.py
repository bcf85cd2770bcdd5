import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.charts import KnotheRosenblattChart
from plane import evaluate_plane, save_contours, save_montage
from toys import Stretch, height

ORANGE, BLUE = (0xC2, 0x41, 0x0C), (0x1D, 0x4E, 0xD8)


class Drawn(Stretch):
    def render(self, output):
        pixels = (np.clip(output / 6 + 0.5, 0, 1) * 255).astype(np.uint8)
        return Image.fromarray(pixels).resize((160, 80))


@pytest.fixture(scope="module")
def study():
    return lsbe.optimise(Drawn(), height, budget=12, seed_latents=[1, 2, 3], search="direct")


@pytest.fixture(scope="module")
def square(study):
    return evaluate_plane(study, height, size=5)


def test_scores_are_those_at_the_coordinates(study, square):
    for i, j in [(0, 0), (1, 3), (4, 2), (4, 4)]:
        u = np.array([[square.side[j], square.side[i]]])
        latents = study.latents(KnotheRosenblattChart().forward(u))
        expected = height(study.generator.generate(latents))[0]
        assert square.scores[i, j] == pytest.approx(expected, rel=1e-6)
    assert square.scores[square.best] == square.scores.max()


def test_a_point_that_fails_costs_that_point(study):
    def sometimes(outputs):
        scores = height(outputs)
        if scores[0] < 0:
            raise RuntimeError("no")
        return scores

    plane = evaluate_plane(study, sometimes, size=4)
    assert np.isnan(plane.scores).any()
    assert np.nanmin(plane.scores) >= 0


def test_contours_show_the_seeds_and_the_best(study, square, tmp_path):
    save_contours(square, {"direct": study, "again": study}, tmp_path / "contour.png")
    picture = np.asarray(Image.open(tmp_path / "contour.png").convert("RGB")).astype(int)
    for colour in (ORANGE, BLUE):
        assert (np.abs(picture - colour).sum(axis=-1) < 12).sum() > 30


def test_the_montage_has_every_picture_with_seeds_and_best_framed(square, tmp_path):
    save_montage(square, tmp_path / "montage.png")
    sheet = np.asarray(Image.open(tmp_path / "montage.png"))
    for place, picture in enumerate(square.pictures):
        i, j = divmod(place, 5)
        x, y = j * 168, (4 - i) * 184
        if (i, j) == square.best:
            assert tuple(sheet[y + 1, x + 1]) == ORANGE
        elif j == 0 or (i, j) in {(0, 4), (4, 4)}:
            assert tuple(sheet[y + 1, x + 1]) == BLUE
        np.testing.assert_array_equal(sheet[y + 4 : y + 84, x + 4 : x + 164], picture)
