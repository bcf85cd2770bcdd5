import re

import numpy as np
import pytest
from scipy.stats import spearmanr

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.markup import MINUS
from latent_spaces_by_example.report.seed_table import seed_panel
from latent_spaces_by_example.report.snapshot import Snapshot
from toys import Stretch, height

CELL = r"<t[hd].*?</t[hd]>"


def _cells(study):
    markup = seed_panel(Snapshot(study, study.trials, {}))
    first = markup.partition("</table>")[0]
    cells = {}
    for row in re.findall(r"<tr>(.*?)</tr>", first, re.DOTALL):
        name, *rest = (re.sub("<.*?>", "", cell).strip() for cell in re.findall(CELL, row))
        cells[name] = rest
    return cells, markup


def test_shares_and_rank_correlation():
    study = lsbe.optimise(Stretch(), height, budget=30, search="random", examples=["6", "17", "18"])
    cells, _ = _cells(study)
    shares, best = study.weights**2, study.scores.argsort()[::-1][:3]
    in_best = shares[study.scores.argmax()]
    for k, name in enumerate(["6", "17", "18"]):
        row = cells[name]
        assert float(row[1]) == pytest.approx(in_best[k], abs=6e-3)
        assert float(row[2]) == pytest.approx(shares[best, k].mean(), abs=6e-3)
        assert float(row[3]) == pytest.approx(shares[:, k].mean(), abs=6e-3)
        expected = spearmanr(shares[:, k], study.scores).statistic
        assert float(row[4].replace(MINUS, "-")) == pytest.approx(expected, abs=6e-3)


def test_few_trials_are_not_compared():
    study = lsbe.optimise(Stretch(), height, budget=8, search="random", examples=["6", "17"])
    cells, markup = _cells(study)
    assert len(cells["17"]) == 2 or "rank correlation" not in markup
    assert "heat-map" not in markup


def test_many_seed_latents_are_cut_to_those_of_most_weight():
    study = lsbe.optimise(Stretch(), height, budget=40)
    cells, markup = _cells(study)
    num_seeds = study.weights.shape[1]
    assert f"Of {num_seeds} these 16 have the largest in the best tenth" in markup
    top = (study.weights[np.argsort(-study.scores)[:4]] ** 2).mean(axis=0)
    largest = f"prior draw {int(top.argmax()) + 1}"
    assert largest in cells
    assert sum(name.startswith("prior draw") for name in cells) == 16
