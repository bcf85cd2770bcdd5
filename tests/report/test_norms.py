import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.norms import validity_section
from latent_spaces_by_example.report.snapshot import Snapshot, read_study
from latent_spaces_by_example.study import Trial
from toys import Stretch, height


def _study(**options):
    return lsbe.optimise(Stretch(), height, budget=10, search="random", **options)


def _kinds(section):
    return [mark.kind for mark in section.figure.plot.marks if mark.tag == "dot"]


def test_shows_every_candidate():
    section = validity_section(read_study(_study()))
    assert _kinds(section) == ["trial"] * 10
    assert section.summary == "10 of 10 candidates follow the model's law"
    assert section.faults is None


def test_tells_the_kinds_apart():
    z = np.random.default_rng(0).standard_normal((3, 4, 8))
    z[2] *= 4.0
    section = validity_section(read_study(_study(seed_latents=z)))
    kinds = _kinds(section)
    assert kinds.count("trial") >= 2
    assert kinds.count("unusual") >= 1
    assert "from it only as far as the examples do" in section.summary
    assert ("1 departs" in section.summary) == (kinds.count("unusual") == 1)


def test_names_what_failed_and_cuts_long_lists():
    metrics = {"norm": 1.2, "norm_z": 2.0, "promised_norm": 1.0}
    trials = [
        Trial(
            number=0, weights=np.ones(1), score=1.0, validity=metrics, invalid="the norm is wrong"
        )
    ]
    trials += [
        Trial(number=n, weights=np.ones(1), score=1.0, invalid=f"fault {n}") for n in range(1, 30)
    ]
    study = _study()
    section = validity_section(Snapshot(study, [*trials, Trial(number=30, weights=np.ones(1))]))
    assert "0 of 30 candidates follow" in section.summary
    assert "30 fail the check (trials 0, 1, 2, 3, 4, ...)" in section.summary
    assert _kinds(section) == ["failed faulty"]
    assert section.faults.rows[0] == ("0", "the norm is wrong")
    assert section.faults.rows[-1] == ("…", "and 10 more, in history.csv")
    assert (
        validity_section(Snapshot(study, [Trial(number=0, weights=np.ones(1), score=1.0)])) is None
    )
