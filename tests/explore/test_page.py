"""The page in a real browser: from the command to a kept output, and through a kill."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.io import wavfile

import latent_spaces_by_example as lsbe
from browser import Browser, executable
from latent_spaces_by_example.cli import main
from latent_spaces_by_example.explore import desk
from latent_spaces_by_example.study.archive import import_study
from latent_spaces_by_example.study.lock import driver_lock
from toys import Stretch, height

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")
pytestmark = pytest.mark.skipif(executable() is None, reason="needs Chromium")

READY = (
    "document.querySelector('#gallery .card')"
    " && !document.querySelector('#gallery .card[data-kind=waiting]')"
)
SHOWN = "[...document.querySelectorAll('#gallery img')].every((i) => i.complete && i.naturalWidth)"
CLICK = """(across, down) => {
    const map = document.getElementById("map"), box = map.getBoundingClientRect();
    const at = { clientX: box.left + across * box.width, clientY: box.top + down * box.height };
    map.dispatchEvent(new MouseEvent("click", at));
}"""
COUNTS = "document.getElementById('counts').textContent"


@pytest.fixture(scope="module")
def browser():
    with Browser() as running:
        yield running


@contextmanager
def explored(*words):
    """Run ``lsbe explore`` in a process of its own; yield it and the page's address."""
    command = [sys.executable, "-m", "latent_spaces_by_example", "explore", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(Path(lsbe.__file__).parents[1])}
    process = subprocess.Popen(
        [*command, "--no-browser"], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        lines = iter(process.stdout.readline, "")
        line = next(line for line in lines if line.startswith("page: "))
        yield process, line.split()[1]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_session_from_the_command_to_a_kept_output_and_through_a_kill(browser, tmp_path):
    run = tmp_path / "run"
    new = ["microstructure:size=16", "--seed-latents", "1,2,3", "--out", run]
    with explored(*new, "--objective", "effective-conductivity") as (process, address):
        browser.open(address, width=1280, scheme="light")
        browser.until(READY)
        browser.until(SHOWN)
        # taste, by the keyboard
        browser.press("4")
        browser.until(f"{COUNTS}.includes('1 answer')")
        browser.until(READY)
        browser.press("0")
        browser.until(f"{COUNTS}.includes('2 answers')")
        browser.until("!document.getElementById('undo').disabled")
        browser.press("u")
        browser.until(f"{COUNTS}.includes('1 answer') && !{COUNTS}.includes('answers')")
        # favourites, by arrows and the space bar
        for place in (1, 2):
            browser.until("!document.getElementById('more').disabled")
            browser.press("ArrowRight")
            browser.press(" ")
            browser.until(f"document.querySelectorAll('#favourites .card').length === {place}")
        # look around, move, come back
        browser.press("a")
        browser.until("document.querySelector('#gallery .card.centre') !== null")
        browser.until(READY)
        before = browser.evaluate("document.querySelector('.card.centre').dataset.key")
        browser.evaluate("document.querySelector('#gallery .card .plate').click()")
        browser.until(f"document.querySelector('.card.centre').dataset.key !== '{before}'")
        browser.press("Escape")
        browser.until("document.querySelector('#move').hidden")
        # a score, and two more by the objective
        browser.evaluate("document.querySelector('#gallery .card .score').click()")
        browser.until("/ · -?\\d/.test(document.querySelector('#gallery .label').textContent)")
        browser.evaluate("document.getElementById('num').value = 2")
        before = browser.evaluate(f"parseInt({COUNTS})")
        browser.until("!document.getElementById('more').disabled")
        browser.evaluate("document.getElementById('search').click()")
        browser.until(f"parseInt({COUNTS}) === {before + 2}")
        browser.press("k")
        kept = browser.until("document.querySelectorAll('#files a')[1]?.title")
        counts = browser.evaluate(COUNTS)
        favourites = browser.evaluate("document.getElementById('favourites').textContent")
        process.send_signal(signal.SIGKILL)
        browser.until("!document.getElementById('problem').hidden")

    made = CliRunner().invoke(main, ["make", kept, "--to", str(tmp_path / "again")])
    assert made.exit_code == 0, made.output
    assert "differs" not in made.output
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (Path(kept).parent / path.name).read_bytes()

    with explored(run) as (_, address):
        browser.open(address, width=390, scheme="dark")
        browser.until(READY)
        assert browser.evaluate(COUNTS) == counts
        assert browser.evaluate("document.getElementById('favourites').textContent") == favourites
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        browser.evaluate("document.getElementById('between').click()")
        browser.until("document.getElementById('study').textContent === 'run-between-1'")
        browser.until(READY)
    child = lsbe.open_study(tmp_path / "run-between-1")
    parent = lsbe.open_study(run)
    marked = parent.records.attributes()["lsbe:explore"]["favourites"]
    parents = parent.latents(parent.weights[marked])
    np.testing.assert_allclose(child.latents(np.eye(2)), parents, rtol=1e-12)


def test_a_click_on_the_map_mixes_and_files_come_along(browser, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = lsbe.create_study(Stretch(), seed_latents=[1, 2, 3])
    with study.explore(open_browser=False) as server:
        browser.open(server.address, width=390, scheme="light")
        browser.until("document.querySelectorAll('#map .dot').length === 9")
        browser.evaluate(f"({CLICK})(0.5, 0.2)")
        browser.until("document.querySelector('#mix .card[data-kind=ready]')")
        # near the first corner; the sliders follow, which began at 0.58 each
        browser.until("Number(document.querySelector('#sliders output').textContent) > 0.8")
        assert browser.evaluate("document.documentElement.scrollWidth") <= 390
        for name in ("report", "archive"):
            browser.until(f"!document.getElementById('{name}').disabled")
            browser.evaluate(f"document.getElementById('{name}').click()")
        files = "[...document.querySelectorAll('#files a')].map((a) => a.title)"
        browser.until(f"{files}.length === 2")
        archive, report = (Path(path) for path in browser.evaluate(files))
        assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
        copy = lsbe.open_study(import_study(archive, tmp_path / "copy"), generator=Stretch())
        np.testing.assert_array_equal(copy.weights, study.weights)


def test_a_study_that_is_being_run_is_followed_and_left_alone(browser, monkeypatch):
    monkeypatch.setattr(desk, "_GLANCE", 0.1)
    study = lsbe.create_study(Stretch(), random_seed=1)
    study.run(height, budget=3, progress=False)
    with study.explore(open_browser=False) as server:
        with driver_lock(study.records.storage, study_name=study.name):
            browser.open(server.address, width=1280, scheme="light")
            browser.until("document.getElementById('watching').textContent.includes('runs this')")
            browser.until("document.querySelectorAll('#gallery [data-kind=ready]').length === 3")
            assert browser.evaluate("document.getElementById('more').disabled")
            browser.press("1")  # and this says nothing
            study.run(height, budget=5, progress=False)
            browser.until(f"{COUNTS}.startsWith('5 ')")
        browser.until("document.getElementById('watching').hidden")
        browser.until("!document.getElementById('more').disabled")
    assert study.preferences == []


class Media(Stretch):
    """Makes a second of sound, a video, or words."""

    def __init__(self, kind):
        self.name = f"tests:{kind}"
        self._kind = kind
        self.suffix = {"sound": ".wav", "video": ".mp4"}.get(kind, ".txt")

    def generate(self, z):
        return [f"a word of {latent[0, 0]:.3f}" for latent in z]

    def render(self, output):
        return None

    def save(self, output, path):
        if self._kind == "sound":
            wavfile.write(path, 8000, np.sin(np.arange(8000) / 9).astype(np.float32))
        elif self._kind == "video":
            ffmpeg = pytest.importorskip("imageio_ffmpeg")
            writer = ffmpeg.write_frames(os.fspath(path), (32, 32), fps=8, macro_block_size=2)
            writer.send(None)
            for frame in np.random.default_rng(0).integers(256, size=(8, 32, 32, 3)):
                writer.send(frame.astype(np.uint8).tobytes())
            writer.close()
        else:
            Path(path).write_text(output, encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        ("sound", "document.querySelector('#gallery audio').duration === 1"),
        ("video", "document.querySelector('#gallery video').currentTime > 0"),
        ("words", "document.querySelector('#gallery .words').textContent.startsWith('a word of ')"),
    ],
)
def test_sound_and_video_play_and_words_are_read(browser, kind, condition):
    if kind == "video":
        pytest.importorskip("imageio_ffmpeg")
    study = lsbe.create_study(Media(kind), check_generator=False)
    with study.explore(open_browser=False) as server:
        browser.open(server.address, width=1280, scheme="light")
        browser.until(condition)


class Fragile(Stretch):
    """Fails where the first number is negative; its outputs have names that are markup."""

    def generate(self, z):
        if z[0, 0, 0] < 0:
            raise ValueError("<img src=x onerror=alert(1)>")
        return [{"<b>mass</b>": float(latent[0, 0])} for latent in z]


def test_a_model_that_fails_and_names_that_are_markup(browser):
    study = lsbe.create_study(Fragile(), check_generator=False)
    with study.explore(open_browser=False) as server:
        browser.open(server.address, width=1280, scheme="dark")
        cards = "document.querySelectorAll('#gallery .card')"
        browser.until(f"[...{cards}].filter((c) => c.dataset.kind !== 'waiting').length === 9")
        assert "could not be made: ValueError: <img src=x" in browser.evaluate(
            "document.getElementById('gallery').textContent"
        )
        assert "<b>mass</b>" in browser.evaluate("document.querySelector('td').textContent")
        assert not browser.evaluate("document.querySelector('#gallery img, #gallery b')")
        browser.until("!document.getElementById('more').disabled")
        browser.evaluate("document.querySelector('[data-kind=ready] .plate').click()")
        browser.until(f"{COUNTS}.includes('1 answer')")
    assert all(t.error is None for t in study.trials if t.number in study.preferences[0].among)
