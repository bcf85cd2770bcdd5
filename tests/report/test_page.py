import html
import re
from contextlib import suppress
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.report import write_report
from latent_spaces_by_example.report.formatting import MINUS
from renamed import renamed
from toys import Stretch, height, height_and_spread


class Drawn(Stretch):
    name = "<b>drawn</b> & co"

    def render(self, output):
        shades = np.clip(output * 32 + 128, 0, 255).astype(np.uint8)
        return Image.fromarray(shades)


class Words(Stretch):
    """Outputs that nothing draws."""

    def generate(self, z):
        return [{"numbers": x} for x in super().generate(z)]


def height_of_words(outputs):
    return height_and_spread([output["numbers"] for output in outputs])


class Page(HTMLParser):
    """The tags of a page, what a browser would fetch or run, and whether every tag is closed."""

    VOID = frozenset({"meta", "img", "br", "link"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.fetched, self.run, self.words, self._open = [], [], [], [], []
        self.without_alt, self.ids = 0, []
        self.feed(text)
        assert not self._open, self._open

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        source = values.get("src") or values.get("href") or values.get("xlink:href")
        if source and not re.match(r"data:image/(png|jpeg);base64,", source):
            self.fetched.append(source)
        self.run += [name for name in values if name.startswith("on")] + [tag] * (tag == "script")
        self.without_alt += tag == "img" and not values.get("alt")
        self.without_alt += tag == "svg" and not (
            values.get("aria-label") or "aria-hidden" in values
        )
        self.ids += [values["id"]] if "id" in values else []
        self.tags.append(tag)
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def _written(study, folder, **options):
    text = write_report(study, folder / "report.html", **options).read_text(encoding="utf-8")
    return Page(text), text


def _report(tmp_path, objective=height, **options):
    options = {"budget": 10, "search": "random", "examples": ["6", "17", "18"]} | options
    budget = options.pop("budget")
    study = lsbe.create_study(Drawn(), objective=objective, **options)
    with suppress(EvaluationError):  # where every evaluation fails there is a page too
        study.run(objective, budget=budget)
    return study, *_written(study, tmp_path)


def test_one_file_that_fetches_and_runs_nothing_and_can_be_read_aloud(tmp_path):
    _, page, text = _report(tmp_path, budget=24)
    assert page.fetched == page.run == []
    assert "http" not in re.sub(r'src="data:[^"]*"|http-equiv', "", text)
    assert "url(" not in text.replace("url(#clip)", "")
    assert "@import" not in text
    assert "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html"]
    assert page.tags.count("img") > 8
    assert page.without_alt == 0
    assert len(set(page.ids)) == len(page.ids)
    assert '<html lang="en">' in text
    assert page.tags.count("h1") == page.tags.count("main") == 1


def test_says_what_was_found(tmp_path):
    study, page, _ = _report(tmp_path, height_and_spread)
    best, top = study.best_trial, max(study.trials[:3], key=lambda trial: trial.score)
    assert f"(trial {best.number})" in page.text
    assert f"{best.score:.4g}".replace("-", MINUS) in page.text
    assert "spread" in page.text
    gain = f"{best.score - top.score:.3f} points ({100 * (best.score / top.score - 1):.0f} %)"
    assert f"{gain} above the best example, {study.seeds.name(top.number)} (" in page.text


def test_an_example_that_nothing_beats_is_named_the_best_and_differs_from_none(tmp_path):
    def nearest(outputs):
        return [-float(np.linalg.norm(x - Stretch().example("6"))) for x in outputs]

    _, page, _ = _report(tmp_path, nearest, examples=["6", "17"])
    assert "it is the example 6: nothing better was found" in page.text
    assert "The best, an example, against the other examples" in page.text
    assert "difference" not in page.text


@pytest.mark.parametrize(
    ("examples", "shows"),
    [
        (["6", "17"], "Every mixture of the two seed latents"),
        (["6", "17", "18"], "Every mixture of the three seed latents"),
        (["6", "17", "18", "13"], "How far each latent is from the best one"),
    ],
)
def test_the_space_is_drawn_whole_or_by_angle(tmp_path, examples, shows):
    _, page, _ = _report(tmp_path, budget=12, examples=examples)
    assert shows in page.text


def test_failures_are_shown_together_and_without_passwords(tmp_path):
    def sometimes(outputs):
        if outputs[0][0, 0] < 0:
            raise ValueError("<script>alert(1)</script> at postgresql://me:pa55w0rd@host/db")
        return height(outputs)

    study, page, text = _report(tmp_path, sometimes, budget=20)
    failed = [str(t.number) for t in study.trials if t.error]
    assert "What failed" in page.text
    assert ", ".join(failed) in page.text
    assert "ValueError: <script>alert(1)</script> at postgresql://me:***@host/db" in page.text
    assert "pa55w0rd" not in text
    assert page.run == []


def test_outputs_that_nothing_draws_have_tables(tmp_path):
    study = lsbe.optimise(Words(), height_of_words, budget=12, search="random", num_seeds=3)
    page, _ = _written(study, tmp_path)
    assert f"trial {study.best_trial.number}" in page.text
    assert f"trial {study.scores.argsort()[-2]}" in page.text
    assert "img" not in page.tags
    assert page.tags.count("table") >= 4


def test_arrays_are_drawn_without_render_and_prior_scores_may_come_from_elsewhere(tmp_path):
    study = lsbe.optimise(Stretch(), height, budget=9, search="random", examples=["6", "17", "18"])
    page, text = _written(study, tmp_path, prior_scores=[0.0, np.nan, *range(18)])
    assert page.tags.count("img") > 6
    assert text.count("<image ") == 3  # at the corners of the map
    assert "from the 20 draws scored apart from this study" in page.text


@pytest.fixture(scope="module")
def unstarted():
    return lsbe.create_study(Drawn(), objective=height, num_seeds=3, search="random")


def test_nothing_finished(tmp_path, unstarted):
    page, _ = _written(unstarted, tmp_path)
    assert "No evaluation has finished yet." in page.text
    assert "To repeat it" in page.text
    assert "Convergence" not in page.text


def fails(outputs):
    raise RuntimeError("no licence")


def alike(outputs):
    return [1.0] * len(outputs)


NO_DRAWS = "The best of N prior draws is not shown: there are no draws of this study"


@pytest.mark.parametrize(
    ("objective", "options", "texts"),
    [
        (fails, {"budget": 4}, ["all 4 that ended have failed", "no licence"]),
        (height, {"budget": 1, "search": "latent-gp"}, ["The one evaluation scores"]),
        (height, {"budget": 1, "examples": None}, ["The one evaluation scores"]),
        (alike, {"budget": 25}, ["Of 25 evaluations the best scores 1 "]),
        (
            height,
            {"examples": None, "search": "latent-gp", "budget": 12},
            ["the 8 draws of this study", "ends at N = 4", "best of 8 prior draws"],
        ),
        (height, {}, [NO_DRAWS]),
        # what a search came back to is no prior draw
        (height, {"examples": None, "num_seeds": 12, "search": "sobol", "budget": 20}, [NO_DRAWS]),
    ],
)
def test_studies_of_few_or_equal_scores_and_prior_draws(tmp_path, objective, options, texts):
    _, page, _ = _report(tmp_path, objective, **options)
    assert [text for text in texts if text not in page.text] == []


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_scores_of_any_size(tmp_path, scale):
    def scaled(outputs):
        return [scale * s - (1e6 * scale if s < 0 else 0) for s in height(outputs)]

    _, page, _ = _report(tmp_path, scaled, budget=25, examples=["6", "17", "18", "13"])
    assert "Convergence" in page.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"pictures": -1},
        {"pictures": True},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"prior_scores": [[1.0]]},
        {"prior_scores": [np.inf]},
        {"prior_scores": ["many"]},
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_written(tmp_path, unstarted, wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        write_report(unstarted, tmp_path / "report.html", **wrong)
    assert not list(tmp_path.iterdir())


HOSTILE = " ".join(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "'; DROP TABLE trials; --",
        "</title></style></svg><script>",
        "\u202egnp.exe",
        "]]><!--",
        "{{7*7}}${7*7}",
        "日本語 ñ 👩\u200d🚀",
        "a" * 500,
        "\ud800\x00\x1b[31m",
    ]
)


def _named(tmp_path, name, *, drawn):
    """The page of a study in which every text is ``name``."""
    study = renamed(
        Drawn() if drawn else Words(),
        names=[f"{name}{i}" for i in range(3)],
        study_name=f"s{name}",
        texts={"generator": f"<{name}", "objective": f"<{name}"},
    )

    def objective(outputs):
        numbers = outputs if drawn else [output["numbers"] for output in outputs]
        if objective.calls == 4:
            objective.calls += 1
            raise ValueError(name)
        objective.calls += 1
        return [{"score": s, f"f{name}": name, f"g{name}": 1.5} for s in height(numbers)]

    objective.calls = 0
    study.run(objective, budget=9)
    return _written(study, tmp_path, pictures=2)


@pytest.mark.parametrize("drawn", [True, False])
def test_no_text_changes_the_page(tmp_path, drawn):
    page, text = _named(tmp_path, HOSTILE, drawn=drawn)
    plain, _ = _named(tmp_path, "plain", drawn=drawn)
    assert page.tags == plain.tags
    assert page.run == page.fetched == []
    assert ("img" in page.tags) == drawn
    heading = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL).group(1)
    shown = html.unescape(heading)[1:]
    assert len(shown) == len(HOSTILE)
    assert all(b in (a, "\N{REPLACEMENT CHARACTER}") for a, b in zip(HOSTILE, shown, strict=True))
