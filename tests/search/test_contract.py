"""Every search is held to the same contract."""

from latent_spaces_by_example.search import load
from latent_spaces_by_example.testing.search import SearchContract


class TestRandom(SearchContract):
    def make_search(self):
        return load("random")


class TestSobol(SearchContract):
    def make_search(self):
        return load("sobol")


class TestDirect(SearchContract):
    def make_search(self):
        return load("direct")


class TestCMAES(SearchContract):
    def make_search(self):
        return load("cma-es")


class TestTPE(SearchContract):
    def make_search(self):
        return load("tpe")


class TestLatentGPWithinSpan(SearchContract):
    def make_search(self):
        return load("latent-gp")


class TestLatentGP(SearchContract):
    within_span = False

    def make_search(self):
        return load("latent-gp")
