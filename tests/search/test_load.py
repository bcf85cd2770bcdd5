import pytest

from latent_spaces_by_example import search
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import Search


@pytest.mark.parametrize("name", search.available())
def test_every_name_is_a_search(name):
    assert isinstance(search.load(name), Search)


def test_the_issue_s_names_are_there():
    expected = {
        "random",
        "sobol",
        "direct",
        "cma-es",
        "tpe",
        "latent-gp",
        "chosen-seeds",
        "nsga-ii",
    }
    assert set(search.available()) == expected
    assert search.DEFAULT in expected


def test_an_object_with_propose_passes_through():
    class Mine:
        def propose(self, history, n, rng):
            return None

    mine = Mine()
    assert search.load(mine) is mine


def test_options_reach_the_search():
    assert search.load("tpe", num_startup_trials=3).num_startup_trials == 3


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("cmaes", {}, "did you mean cma-es"),
        ("latent_gp", {}, "did you mean latent-gp"),
        ("zzz", {}, "cma-es, direct, latent-gp, nsga-ii, random, sobol, tpe"),
        ("tpe", {"gamma": 3}, "gamma"),
        (3, {}, "propose"),
        (search.Search, {}, "propose"),
    ],
)
def test_what_is_not_a_search(given, options, message):
    with pytest.raises(ArgumentError, match=message):
        search.load(given, **options)


def test_options_beside_an_object():
    with pytest.raises(ArgumentError, match="seeed"):
        search.load(search.load("random"), seeed=1)


def test_an_optimiser_itself_is_told_how_to_be_wrapped():
    class Optimiser:
        def ask(self):
            return [0.5]

        def tell(self, points, values):
            pass

    with pytest.raises(ArgumentError, match=r"has ask and tell;.*AskTellSearch"):
        search.load(Optimiser())


def test_places_of_the_user_s_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "my_searches.py").write_text(
        "from latent_spaces_by_example.search.uniform import RandomSearch\n"
        "ready = RandomSearch()\n"
        "def factory():\n    return RandomSearch()\n"
        "def needs(sigma):\n    return RandomSearch()\n"
        "number = 3\n"
    )
    for place in ("ready", "factory", "RandomSearch"):
        assert search.load(f"my_searches:{place}") == search.load("random")
    sampler = search.load("optuna.samplers:RandomSampler")
    assert sampler.name == "optuna:RandomSampler"
    for place, message in [
        ("needs", "cannot be called without arguments"),
        ("number", "neither propose.* nor ask and tell"),
        ("redy", "did you mean ready"),
        ("", "expected a name, or your own"),
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


def test_the_adapters_are_there():
    assert {"AskTellSearch", "OptunaSearch"} <= set(dir(search))
    with pytest.raises(AttributeError, match="TellAsk"):
        _ = search.TellAsk
