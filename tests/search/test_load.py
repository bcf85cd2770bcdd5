import sys

import pytest

from latent_spaces_by_example import search
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError


def test_an_object_with_propose_passes_through_and_need_not_check_anything():
    class Mine:
        def propose(self, history, n, rng):
            return None

    mine = Mine()
    assert search.load(mine) is mine
    search.check_search(mine, num_scores=2, num_given=0, within_span=True)


def test_options_reach_the_search():
    assert search.load("tpe", num_startup_trials=3).num_startup_trials == 3


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("cmaes", {}, "did you mean cma-es"),
        ("latent_gp", {}, "did you mean latent-gp"),
        ("zzz", {}, "cma-es, direct, gp, latent-gp, nsga-ii, random, sobol, tpe"),
        ("tpe", {"gamma": 3}, "gamma"),
        (3, {}, "propose"),
        (search.Search, {}, "propose"),
    ],
)
def test_what_is_not_a_search(given, options, message):
    with pytest.raises(ArgumentError, match=message):
        search.load(given, **options)


def test_an_optimiser_itself_is_told_how_to_be_wrapped():
    class Optimiser:
        def ask(self):
            return [0.5]

        def tell(self, points, values):
            pass

    with pytest.raises(ArgumentError, match=r"has ask and tell;.*study\.ask\(u=points\)"):
        search.load(Optimiser())


def test_places_of_the_user_s_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_searches.py").write_text(
        "from latent_spaces_by_example.search.coverage import RandomSearch\n"
        "ready = RandomSearch()\n"
        "def factory():\n    return RandomSearch()\n"
        "def needs(sigma: float):\n    return RandomSearch()\n"
        "number = 3\n"
    )
    for place in ("ready", "factory", "RandomSearch"):
        assert search.load(f"my_searches:{place}") == search.load("random")
    assert search.load("my_searches:needs:sigma=0.5") == search.load("random")
    sampler = search.load("optuna.samplers:RandomSampler")
    assert sampler.name == "optuna:RandomSampler"
    for place, message in [
        ("needs", "needs the parameter 'sigma'"),
        ("number", "has no propose"),
        ("redy", "did you mean ready"),
        ("", "or your own as package.module:name"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            search.load(f"my_searches:{place}")
    with pytest.raises(ArgumentError, match="seeed"):
        search.load("my_searches:ready", seeed=1)


@pytest.mark.parametrize("stored", ["evil:search", "chosen-seeds:search=evil:search"])
def test_what_a_study_stores_imports_nothing(stored, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')\n")
    with pytest.raises(ArgumentError):
        search.load_stored(stored)
    assert search.load_stored("tpe:num_startup_trials=3").num_startup_trials == 3


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match="'gp' needs the package 'torch'"):
        search.load("gp")


@pytest.mark.parametrize(
    ("name", "study", "message"),
    [
        (
            "nsga-ii",
            {"num_scores": 1},
            "search='nsga-ii' is for several scores",
        ),
        ("cma-es", {"num_scores": 2}, "CMAESSearch takes one score, and this study has 2"),
        ("chosen-seeds", {"num_scores": 2}, "takes one score"),
        ("direct", {"num_given": 1}, "num_given=1"),
        ("chosen-seeds", {"num_given": 3, "within_span": True}, "num_seeds=5 cannot be chosen"),
        ("chosen-seeds:search=nsga-ii", {}, "search='nsga-ii' is for several scores"),
        ("tpe:weight_chart=round", {}, "weight_chart='round'"),
    ],
)
def test_what_a_study_has_no_use_for_is_refused_up_front(name, study, message):
    given = {"num_scores": 1, "num_given": 6, "within_span": False} | study
    with pytest.raises(ArgumentError, match=message):
        search.check_search(search.load(name), **given)
