import pytest

from latent_spaces_by_example import search
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.search.base import Search


@pytest.mark.parametrize("name", search.available())
def test_every_name_is_a_search(name):
    assert isinstance(search.load(name), Search)


def test_the_issue_s_names_are_there():
    expected = {"random", "sobol", "direct", "cma-es", "tpe", "latent-gp", "chosen-seeds"}
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
        ("cmaes", {}, "Did you mean 'cma-es'"),
        ("latent_gp", {}, "Did you mean 'latent-gp'"),
        ("zzz", {}, "cma-es, direct, latent-gp, random, sobol, tpe"),
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
