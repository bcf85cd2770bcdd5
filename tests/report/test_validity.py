import re
import xml.etree.ElementTree as ElementTree

import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.validity import validity_panel
from latent_spaces_by_example.study import Trial
from toys import Stretch, height


def study_of(trials=None, **options):
    study = lsbe.optimise(Stretch(), height, budget=10, search="random", **options)
    if trials is None:
        return study

    class Changed(type(study)):
        pass

    Changed.trials = property(lambda self: trials)
    study.__class__ = Changed
    return study


def parsed(panel):
    return ElementTree.fromstring(f"<div>{panel}</div>")


def test_shows_every_candidate():
    panel = validity_panel(study_of())
    page = parsed(panel)
    assert len(page.findall(".//svg/circle")) == 10
    assert "10 of 10 candidates follow the model's law" in "".join(page.itertext())
    assert "what is wrong" not in panel
    assert not re.search(r"(src|href)=", panel)


def test_tells_the_kinds_apart():
    z = (
        np.random.default_rng(0).standard_normal((3, 4, 8))
        * np.array([1.0, 1.0, 4.0])[:, None, None]
    )
    page = parsed(validity_panel(study_of(seed_latents=z)))
    assert len(page.findall(".//svg/circle")) >= 2
    assert len(page.findall(".//svg/path")) >= 1
    assert "departs from it only as far as the examples do" in "".join(page.itertext())


def test_says_what_failed_and_escapes_it():
    figures = {"norm": 1.2, "norm_z": 2.0, "promised_norm": 1.0}
    trials = [
        Trial(0, np.ones(1), score=1.0, validity=figures, invalid="<b>norm</b> & more"),
        Trial(1, np.ones(1), score=1.0, invalid="no figures at all"),
        Trial(2, np.ones(1)),
    ]
    panel = validity_panel(study_of(trials))
    assert "<b>" not in panel
    text = "".join(parsed(panel).itertext())
    assert "0 of 2 candidates follow the model's law; 2 fail the check (trials 0, 1)" in text
    assert "<b>norm</b> & more" in text
    assert "no figures at all" in text


def test_many_faults_are_cut_short():
    trials = [Trial(n, np.ones(1), score=1.0, invalid=f"fault {n}") for n in range(30)]
    panel = validity_panel(study_of(trials))
    assert "fault 19" in panel
    assert "fault 20" not in panel
    assert "and 10 more" in panel


def test_nothing_to_show():
    assert validity_panel(study_of([Trial(0, np.ones(1), score=1.0)])) == ""
