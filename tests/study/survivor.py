"""Kills a running study at random moments and holds what is left against an uncut run.

A script of its own, so that it can fork: each life of the study is a process with everything
imported, killed a random moment after it began. Prints what it counted as JSON.

    python survivor.py FOLDER kills=100 budget=30
"""

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path

import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]


class Logged:
    """The objective, leaving a line in a file for each evaluation that begins."""

    def __init__(self, path):
        self._path = path

    def __call__(self, outputs):
        with open(self._path, "ab", buffering=0) as log:
            for x in outputs:
                log.write(json.dumps(x.ravel()[:4].tolist()).encode() + b"\n")
        time.sleep(0.01)
        return height(outputs)


def live(folder, log, options):
    """One life: go on with the study, or begin it where there is none yet."""
    objective = Logged(log)
    try:
        study = lsbe.open_study(folder, generator=Stretch())
    except StudyError:  # killed while it was made, before any evaluation
        shutil.rmtree(folder, ignore_errors=True)
        rest = {"examples": EXAMPLES, "out": folder, "check_generator": False}
        lsbe.optimise(Stretch(), objective, **rest, **options)
    else:
        study.run(objective, budget=options["budget"])


def finished(folder):
    """Numbers of the trials whose score is stored."""
    database = Path(folder) / "study.db"
    if not database.exists():
        return set()
    with sqlite3.connect(database, timeout=30) as connection:
        try:
            rows = connection.execute("SELECT number FROM trials WHERE state = 'COMPLETE'")
        except sqlite3.OperationalError:
            return set()  # killed before the tables were made
        return {number for (number,) in rows}


def evaluated(log, *, uncut):
    """Numbers of the trials in the log, by their outputs; rounding differs with the batch."""
    lines = Path(log).read_text().splitlines() if Path(log).exists() else []
    numbers = []
    for line in lines:
        distances = np.abs(uncut.reshape(len(uncut), -1)[:, :4] - json.loads(line)).max(axis=1)
        assert distances.min() < 1e-9, "the uncut run has no such output"
        numbers.append(int(distances.argmin()))
    return numbers


def wait_for_the_moment(log, rng):
    """Any moment since the life began, or, for most lives, since it began to evaluate."""
    size = log.stat().st_size if log.exists() else 0
    end = time.monotonic() + 20
    if rng.random() < 0.75:
        while time.monotonic() < end and (log.stat().st_size if log.exists() else 0) == size:
            time.sleep(0.001)
    time.sleep(rng.uniform(0.0, 0.1))


def cut_run(home, *, options, uncut, kills, rng):
    """Kill one study again and again until it is done; returns the kills, and the repeats."""
    folder, log = home / "run", home / "log"
    before, seen = set(), 0
    for done in range(kills + 1):
        child = os.fork()
        if child == 0:
            live(folder, log, options)
            os._exit(0)
        if done < kills:
            wait_for_the_moment(log, rng)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        begun = evaluated(log, uncut=uncut)
        again = set(begun[seen:]) & before
        assert not again, f"finished and evaluated again: {again}"
        now = finished(folder)
        assert before <= now, f"finished and lost: {before - now}"
        before, seen = now, len(begun)
        if not os.WIFSIGNALED(status):
            assert status == 0, "a life ended in an error"
            return done, len(begun) - len(uncut)
    raise AssertionError("unreachable")


def main(home, *, kills, budget):
    rng, counted, repeats, studies = random.Random(0), 0, 0, 0
    kinds = [("random", 1), ("latent-gp", 1), ("random", 4), ("tpe", 3)]
    wholes = []
    for search, batch_size in kinds:
        options = {"search": search, "batch_size": batch_size, "budget": budget}
        wholes.append((options, lsbe.optimise(Stretch(), height, examples=EXAMPLES, **options)))
    while counted < kills:
        options, whole = wholes[studies % len(wholes)]
        place = Path(home) / str(studies)
        place.mkdir()
        outputs = np.stack(Stretch().generate(whole.latents(whole.weights)))
        left = min(kills - counted, 40)
        made, again = cut_run(place, options=options, uncut=outputs, kills=left, rng=rng)
        cut = lsbe.open_study(place / "run", generator=Stretch())
        assert (cut.weights == whole.weights).all(), "other proposals than the uncut run"
        # a batch cut between two of its results is evaluated in parts, which rounds otherwise
        apart = np.abs(cut.scores - whole.scores).max()
        assert apart < 1e-12, "other scores than the uncut run"
        assert again <= made * options["batch_size"]
        studies, counted, repeats = studies + 1, counted + made, repeats + again
    print(json.dumps({"kills": counted, "studies": studies, "evaluated_twice": repeats}))


if __name__ == "__main__":
    counts = dict(word.split("=") for word in sys.argv[2:])
    main(sys.argv[1], **{name: int(count) for name, count in counts.items()})
