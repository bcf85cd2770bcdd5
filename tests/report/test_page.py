import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.report import write_report
from toys import Stretch, height, height_and_spread


class Drawn(Stretch):
    name = "<b>drawn</b> & co"

    def render(self, output):
        shades = np.clip(output * 32 + 128, 0, 255).astype(np.uint8)
        return Image.fromarray(shades)


class Page(HTMLParser):
    """What a browser would fetch, and whether every tag that opens also closes."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.images, self.fetched, self._open = 0, [], []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        source = dict(attrs).get("src") or dict(attrs).get("href")
        if source and not source.startswith("data:image/png;base64,"):
            self.fetched.append(source)
        self.images += tag == "img"
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag


def _report(tmp_path, objective=height, **options):
    options = {"budget": 10, "search": "random", "examples": ["6", "17", "18"]} | options
    study = lsbe.optimise(Drawn(), objective, **options)
    text = write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    return study, text, Page(text)


def test_one_file_that_fetches_nothing(tmp_path):
    _, text, page = _report(tmp_path)
    assert page.fetched == []
    assert "http" not in re.sub(r'src="data:[^"]*"', "", text)


def test_says_what_was_found(tmp_path):
    study, text, _ = _report(tmp_path, height_and_spread)
    assert f"{study.best_score:.4g}" in text
    assert f"trial {study.best_trial.number}" in text
    assert "spread" in text
    for name in ("6", "17", "18"):
        assert f"<td>{name}</td>" in text


def test_three_examples_get_a_map(tmp_path):
    _, with_map, three = _report(tmp_path)
    _, without, four = _report(tmp_path, examples=["6", "17", "18", "13"])
    assert "The space between the examples" in with_map
    assert "The space between the examples" not in without
    assert three.images >= 4
    assert four.images >= 5


def test_names_are_text_and_not_markup(tmp_path):
    _, text, _ = _report(tmp_path)
    assert "<b>drawn</b>" not in text
    assert "&lt;b&gt;drawn&lt;/b&gt; &amp; co" in text


def test_failures_are_shown(tmp_path):
    def sometimes(outputs):
        if outputs[0][0, 0] < 0:
            raise ValueError("<script>alert(1)</script>")
        return height(outputs)

    study, text, _ = _report(tmp_path, sometimes, budget=20)
    assert any(trial.error for trial in study.trials)
    assert "What failed" in text
    assert "<script>" not in text


def test_a_generator_that_draws_nothing_still_has_a_report(tmp_path):
    study = lsbe.optimise(Stretch(), height, budget=6, search="random", num_seeds=3)
    text = write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    Page(text)
    assert "best found" in text


def test_nothing_scored_yet(tmp_path):
    seeds = lsbe.seeds.SeedLatents(Stretch(), num_prior_seeds=3)
    study = lsbe.study.new_study(
        Stretch(), seeds, objective="toys:height", search="random", budget=3
    )
    with pytest.raises(StudyError, match="no finished evaluation"):
        write_report(study, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
