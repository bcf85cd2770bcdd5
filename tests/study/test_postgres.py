"""Studies on a PostgreSQL server: driven, cut, locked, and waited for."""

import itertools
import os
import signal
import threading
import time

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.lock import holder
from toys import Stretch, height

LATENTS = np.random.default_rng(0).standard_normal((3, 4, 8))


@pytest.fixture
def made(server, request):
    """A study of its own on the server: options to make it with, and to open it."""
    name = request.node.name
    place = {"storage": server.url, "name": name}
    return place, {**place, "seed_latents": LATENTS, "search": "random"}


def opened(place):
    return lsbe.open_study(generator=Stretch(), **place)


def test_a_cut_run_goes_on_as_the_uncut_one(made):
    place, options = made
    whole = lsbe.optimise(Stretch(), height, budget=9, seed_latents=LATENTS, search="random")

    def cut(study, trial):
        if trial.number == 4:
            raise lsbe.StopStudy

    lsbe.optimise(Stretch(), height, budget=9, callbacks=[cut], **options)
    study = opened(place)  # its seed latents are in the database
    assert len(study.trials) == 5
    np.testing.assert_array_equal(study.seeds.examples, LATENTS)
    study.run(height, budget=9)
    np.testing.assert_array_equal(study.weights, whole.weights)
    np.testing.assert_array_equal(study.scores, whole.scores)


def test_a_server_that_is_away_in_the_middle_is_waited_for(made, server, caplog):
    place, options = made
    study = lsbe.create_study(Stretch(), **options)

    calls = itertools.count()

    def away(outputs):
        if next(calls) == 3:
            server.stop()
            threading.Timer(1.0, server.start).start()
        return height(outputs)

    study.run(away, budget=6)
    assert [trial.state for trial in opened(place).trials] == ["finished"] * 6
    assert "does not answer" in caplog.text
    assert holder(server.url, study_name=study.name) is None


def test_a_second_driver_is_told_and_a_killed_one_holds_nothing(made):
    place, options = made
    lsbe.create_study(Stretch(), **options)
    reading, writing = os.pipe()
    driver = os.fork()
    if driver == 0:

        def hangs(outputs):
            os.write(writing, b"x")
            time.sleep(60)

        try:
            opened(place).run(hangs, budget=6)
        finally:
            os._exit(1)
    try:
        os.read(reading, 1)
        with pytest.raises(StudyError, match=rf"is being run by .*:{driver}"):
            opened(place).run(height, budget=6)
        assert len(opened(place).trials) == 1  # looking needs no lock
    finally:
        os.kill(driver, signal.SIGKILL)
        os.waitpid(driver, 0)
    study = opened(place).run(height, budget=6)
    assert [trial.state for trial in study.trials] == ["finished"] * 6
