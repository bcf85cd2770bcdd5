import importlib.util
import sys

import numpy as np
import pytest
from PIL import Image

from latent_spaces_by_example.errors import ArgumentError, MissingPackageError
from latent_spaces_by_example.generators.pipelines import outputs

RATES = {"frame_rate": 8.0, "sampling_rate": 1}


def sweep(frames=12, height=48, width=64):
    """A bright bar that goes from left to right, which a codec does not blur away."""
    video = np.full((frames, height, width, 3), 0.1, dtype=np.float32)
    for i in range(frames):
        start = 4 + 4 * i
        video[i, :, start : start + 8, 0] = 0.9
    return video


# of imageio-ffmpeg, which leaves its pipes to be closed by the garbage collector
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
class TestMp4:
    @pytest.mark.parametrize("shape", [(48, 64), (49, 65)])
    def test_it_holds_the_frames(self, tmp_path, shape):
        ffmpeg = pytest.importorskip("imageio_ffmpeg")
        video = sweep(12, *shape)
        outputs.save_output(video, tmp_path / "best.mp4", kind="video", **RATES)
        reader = ffmpeg.read_frames(str(tmp_path / "best.mp4"))
        facts = next(reader)
        assert (facts["size"], facts["fps"], facts["codec"]) == ((64, 48), 8.0, "h264")
        found = np.stack([np.frombuffer(f, np.uint8).reshape(48, 64, 3) for f in reader])
        reader.close()
        assert len(found) == 12
        expected = 255 * video[:, :48, :64, 0]
        assert np.abs(found[..., 0] - expected).mean() < 12  # of 255; the codec keeps less colour
        bars = found[..., 0].mean(axis=1).argmax(axis=1)
        assert (np.abs(bars - np.arange(7.5, 55.5, 4)) <= 5).all()

    def test_a_grey_video(self, tmp_path):
        pytest.importorskip("imageio_ffmpeg")
        outputs.save_output(sweep()[..., :1], tmp_path / "best.mp4", kind="video", **RATES)
        assert (tmp_path / "best.mp4").stat().st_size > 0

    def test_it_is_chosen_where_there_is_a_writer(self, monkeypatch):
        there = importlib.util.find_spec("numpy")
        monkeypatch.setattr(outputs, "find_spec", lambda name: there)
        assert outputs.suffix_of("video") == ".mp4"
        monkeypatch.setattr(outputs, "find_spec", lambda name: None)
        assert outputs.suffix_of("video") == ".gif"
        assert [outputs.suffix_of(kind) for kind in ("image", "audio")] == [".png", ".wav"]

    def test_without_a_writer_it_names_the_command(self, monkeypatch, tmp_path):
        monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
        with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[video\]"):
            outputs.save_output(sweep(), tmp_path / "best.mp4", kind="video", **RATES)
        assert not (tmp_path / "best.mp4").exists()


def test_gif_needs_nothing_more(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    outputs.save_output(sweep(), tmp_path / "best.gif", kind="video", **RATES)
    with Image.open(tmp_path / "best.gif") as gif:
        assert gif.n_frames == 12
        assert gif.size == (64, 48)


@pytest.mark.parametrize("kind", ["image", "video", "audio"])
def test_other_endings_are_refused(kind, tmp_path):
    with pytest.raises(ArgumentError, match=r"expected it to end in .* or \.npy"):
        outputs.save_output(np.zeros((2, 4, 4, 3)), tmp_path / "best.avi", kind=kind, **RATES)
