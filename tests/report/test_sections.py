"""What the sections of a page say of one snapshot, in either direction of the score."""

import html
import re
from dataclasses import replace

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.generators.default_pictures import picture_of
from latent_spaces_by_example.report.convergence import convergence_section
from latent_spaces_by_example.report.drawing import with_pictures
from latent_spaces_by_example.report.failed_trials import fault_table
from latent_spaces_by_example.report.page import page_of
from latent_spaces_by_example.report.result import comparison
from latent_spaces_by_example.report.snapshot import Ranking, Snapshot, read_study
from latent_spaces_by_example.report.space_map import space_section
from latent_spaces_by_example.study import Trial
from toys import Stretch, height


@pytest.fixture(scope="module")
def study():
    return lsbe.optimise(Stretch(), height, budget=24, search="random", examples=["6", "17", "18"])


def _with_scores(study, scores, **changes):
    trials = [
        replace(t, score=float(s), **changes) for t, s in zip(study.trials, scores, strict=False)
    ]
    return Snapshot(study, trials)


@pytest.fixture(scope="module")
def lowest(study):
    """The same study as one that minimises."""
    trials = [replace(trial, score=-trial.score) for trial in study.trials]
    return Snapshot(study, trials, Ranking(directions=("minimise",)))


def _text(snapshot):
    page = re.sub(r"<style>.*?</style>", "", page_of(snapshot), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


def _steps(figure):
    path = next(m for m in figure.plot.marks if m.tag == "path" and m.kind == "line best")
    return [float(point.split()[1]) for point in path.data[1:].split("L")]


def test_minimising_reads_right_everywhere(study, lowest):
    highest = read_study(study)
    assert lowest.best.number == highest.best.number
    down, up = (
        _steps(convergence_section(lowest).figure),
        _steps(convergence_section(highest).figure),
    )
    assert down == sorted(down)  # places of SVG grow downwards
    assert up == sorted(up, reverse=True)
    text = _text(lowest)
    # of negative scores there is no share
    assert re.search(r"[\d.]+ points below the best example, \d+ \(", text)
    assert "direction='minimise'" in text
    assert "the lowest by" in text
    map_ = space_section(lowest).figure
    bar = space_section(highest).figure.bar
    assert (map_.bar.low, map_.bar.high) == (-bar.high, -bar.low)
    ramp = re.search('class="ramp">(.*?)</span>', page_of(lowest))[1]
    assert re.findall('class="(q[0-9])"', ramp) == [f"q{level}" for level in range(9)]
    weights = np.eye(3)
    np.testing.assert_allclose(lowest.expected(weights), -highest.expected(weights))


def test_sentences_of_a_caption_are_apart(lowest):
    trials = [replace(t, constraints={"mass": -1.0}) for t in lowest.trials]
    text = _text(replace(lowest, trials=trials))
    assert "Lower is better. The best are of those that meet every constraint." in text


def test_a_share_of_a_positive_score_in_either_direction(study):
    up = _with_scores(study, [10.0, 4.0, 4.0, 14.0])
    assert ", 4.00 points (40 %) above the best example, 6 (10.00)" in _text(up)
    down = replace(up, ranking=Ranking(directions=("minimise",)))
    assert "it is the example" in _text(down)
    down = replace(
        _with_scores(study, [10.0, 14.0, 14.0, 6.0]), ranking=Ranking(directions=("minimise",))
    )
    assert ", 4.00 points (40 %) below the best example, 6 (10.00)" in _text(down)


def test_the_way_shows_the_steps_that_gained_most(study):
    gains = [0.0, 10.0, 0.01, 0.01, 5.0, 0.01, 20.0, 0.01, 0.01, 8.0, 3.0, 0.01, 7.0, 0.01, 0.02]
    snapshot = _with_scores(study, np.cumsum(gains))
    assert [trial.number for trial in snapshot.way] == [0, 1, 6, 9, 12, 14]
    assert "6 of 15 such steps" in _text(snapshot)
    # small steps are left out, even where there is room for them
    snapshot = _with_scores(study, np.cumsum([0.0, 10.0, 0.01, 0.01, 0.01]))
    assert [trial.number for trial in snapshot.way] == [0, 1, 4]


def test_labels_have_no_difference_and_what_is_the_same_is_one_line(study):
    snapshot = _with_scores(study, [3.0, 2.0, 1.0, 4.0])
    trials = [
        replace(trial, metrics={"class": str(n), "flag": True, "cl": 1.0, "cd": 0.1 * n})
        for n, trial in enumerate(snapshot.trials)
    ]
    section = comparison(replace(snapshot, trials=trials))
    rows = {row[0]: row[1:] for row in section.table.rows}
    assert section.table.head[:4] == ("", "best found", "difference", "6")
    assert rows["class"][:3] == ("3", "", "0")
    assert rows["cd"][1] == "+0.3000"
    assert "The same in all of them: flag yes; cl 1.000." in section.notes
    assert "flag" not in rows


def test_what_is_infeasible_looks_infeasible(study):
    snapshot = _with_scores(study, study.scores)
    trials = [
        replace(trial, constraints={"mass": 1.0 if trial.number % 2 else -1.0})
        for trial in snapshot.trials
    ]
    snapshot = replace(snapshot, trials=trials)
    map_ = space_section(snapshot).figure
    # on the map a seed latent has the mark of its corner besides
    for figure, count in ((convergence_section(snapshot).figure, 12), (map_, 13)):
        assert "violates a constraint" in [words for _, words in figure.legend]
        kinds = [mark.kind for mark in figure.plot.marks if mark.tag == "dot"]
        assert sum("infeasible" in kind for kind in kinds) == count
    assert "example infeasible" in [
        m.kind for m in convergence_section(snapshot).figure.plot.marks if m.tag == "dot"
    ]
    assert "12 of 24 evaluations meet every constraint." in _text(snapshot)
    never = [replace(trial, constraints={"mass": 0.5}) for trial in trials]
    summary = _text(replace(snapshot, trials=never))
    assert "the least violating violates mass by 0.5." in summary


def test_outputs_that_violate_a_constraint_look_it_and_set_no_level(study):
    worse = [replace(t, constraints={"mass": 1.0 if t.number < 4 else -1.0}) for t in study.trials]
    snapshot = with_pictures(replace(read_study(study), trials=worse), most=24, seconds=60.0)
    section = comparison(snapshot)
    assert [tile.infeasible for tile in section.others] == [True, True, True]
    assert all(tile.note.endswith(" · violates a constraint") for tile in section.others)
    assert not section.best.infeasible
    assert 'class="tile infeasible"' in page_of(snapshot)

    def levels(of):
        marks = convergence_section(of).figure.plot.marks
        return [m for m in marks if m.tag == "path" and m.kind == "line example"]

    assert levels(read_study(study))
    assert not levels(snapshot)


class Overlaid(Stretch):
    def render_overlay(self, output, reference):
        return picture_of(np.hstack([output, reference]))


def test_the_best_is_drawn_over_the_best_example():
    study = lsbe.optimise(Overlaid(), height, budget=9, search="random", examples=["6", "17"])
    section = comparison(with_pictures(read_study(study), most=9, seconds=60.0))
    assert section.overlay.picture.image.size == (16, 4)
    assert section.overlay.note == f" over {section.table.head[3]}"
    assert comparison(with_pictures(read_study(study), most=0, seconds=60.0)).overlay is None


def test_a_study_without_its_generator_shows_what_it_kept(tmp_path):
    study = lsbe.optimise(
        lsbe.generators.load("microstructure:size=16"),
        lambda x: [float(np.mean(image)) for image in x],
        budget=5,
        search="random",
        num_seeds=3,
        out=tmp_path / "run",
    )
    study.generator = None
    drawn = with_pictures(read_study(study), most=5, seconds=60.0)
    assert len(drawn.pictures) == len(drawn.wanted)
    assert drawn.missing == ""
    (tmp_path / "run" / "artifacts").rename(tmp_path / "gone")
    assert with_pictures(read_study(study), most=5, seconds=60.0).pictures == {}


def test_latents_at_fault_are_named_and_long_lists_cut(study):
    trials = [
        Trial(number=n, weights=np.ones(1), score=1.0, invalid=f"fault {n}") for n in range(30)
    ]
    table = fault_table(Snapshot(study, trials))
    assert table.rows[0] == ("0", "fault 0")
    assert table.rows[-1] == ("…", "and 10 more, in history.csv")
    assert fault_table(read_study(study)) is None
    text = _text(read_study(study))
    assert "24 of 24 candidates follow the model's law." in text
