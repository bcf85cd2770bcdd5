import numpy as np
import pytest
from scipy.stats import spearmanr

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.formatting import MINUS
from latent_spaces_by_example.report.seed_table import seeds_section
from latent_spaces_by_example.report.snapshot import read_study
from toys import Stretch, height


def _cells(study):
    section = seeds_section(read_study(study))
    return {name: [str(cell) for cell in cells] for name, *cells in section.shares.rows}, section


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
    _, section = _cells(study)
    assert "rank correlation" not in section.shares.head


def test_many_seed_latents_are_cut_to_those_of_most_weight():
    study = lsbe.optimise(Stretch(), height, budget=24, search="random", num_seeds=20)
    cells, section = _cells(study)
    num_seeds = study.weights.shape[1]
    assert (section.num_seeds, len(section.shares.rows)) == (num_seeds, 16)
    top = (study.weights[np.argsort(-study.scores)[:3]] ** 2).mean(axis=0)
    largest = f"prior draw {int(top.argmax()) + 1}"
    assert largest in cells
    assert sum(name.startswith("prior draw") for name in cells) == 16
