"""The CLIP objective, with a tiny CLIP of random weights that was saved and loaded back."""

import shutil
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("diffusers")  # the tiny models are made with it

from PIL import Image

from latent_spaces_by_example import objectives
from latent_spaces_by_example.errors import ArgumentError, MissingPackageError

# of transformers about itself, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

IMAGES = np.random.default_rng(0).random((4, 48, 40, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def objective(tiny_clip):
    return objectives.load(f"clip:prompt=a red sports car,model={tiny_clip}")


def test_score_is_what_transformers_itself_says(tiny_clip, objective):
    model = transformers.CLIPModel.from_pretrained(tiny_clip).eval()
    processor = transformers.CLIPProcessor.from_pretrained(tiny_clip)
    pictures = [Image.fromarray((x * 255).round().astype(np.uint8)) for x in IMAGES]
    inputs = processor(text=["a red sports car"], images=pictures, return_tensors="pt")
    with torch.no_grad():
        expected = model(**inputs).logits_per_image[:, 0] / model.logit_scale.exp() * 100
    scores = [figures["score"] for figures in objective(IMAGES)]
    np.testing.assert_allclose(scores, expected.numpy(), atol=1e-4)
    assert len(set(scores)) == 4


def test_a_batch_is_its_images_one_by_one(objective):
    together = [figures["score"] for figures in objective(IMAGES)]
    alone = [objective(IMAGES[i : i + 1])[0]["score"] for i in range(4)]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert objective([]) == []


def test_an_image_is_most_like_itself_however_the_camera_was_held(tiny_clip, tmp_path):
    levels = (IMAGES * 255).round().astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(levels[2])).save(tmp_path / "wanted.png", exif=exif)
    both = objectives.load(f"clip:prompt=a car,image={tmp_path / 'wanted.png'},model={tiny_clip}")
    scored = both(levels)
    likeness = [figures["image_similarity"] for figures in scored]
    assert int(np.argmax(likeness)) == 2
    assert likeness[2] == pytest.approx(100.0, abs=1e-3)
    for figures in scored:
        mean = (figures["text_similarity"] + figures["image_similarity"]) / 2
        assert figures["score"] == pytest.approx(mean)


def test_spec_makes_it_again_with_commas_and_all(tiny_clip):
    from latent_spaces_by_example.zoo.clip import Clip

    first = Clip(prompt="a car, red = fast", model=str(tiny_clip))
    again = objectives.load(first.spec)
    assert again.prompt == first.prompt
    assert again(IMAGES) == first(IMAGES)


def test_the_short_form_is_a_prompt(monkeypatch, tiny_clip):
    from latent_spaces_by_example.zoo import clip as module

    monkeypatch.setattr(module, "VisionFeatures", _never_loaded)
    with pytest.raises(LookupError, match="openai/clip-vit-base-patch32"):
        objectives.load("clip:a red sports car, parked")


def _never_loaded(model, *, device):
    raise LookupError(model)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("clip", "needs a prompt or an image"),
        ("clip:colour=red", "no parameter 'colour'"),
        ("clip:prompt=car,model=/no/such/folder", "--local-dir"),
        ("clip:prompt=car,model=MODEL,image=/no/such.png", "there is no such file"),
        ("clip:prompt=LONG,model=MODEL", "too long: 122 tokens, and CLIP reads at most 77"),
    ],
)
def test_what_is_refused(tiny_clip, spec, words):
    spec = spec.replace("MODEL", str(tiny_clip)).replace("LONG", "car " * 40)
    with pytest.raises(ArgumentError, match=words):
        objectives.load(spec)


def test_outputs_that_are_no_images(objective):
    with pytest.raises(ArgumentError, match="an output for clip"):
        objective([np.zeros((5, 8, 8, 3))])


def test_a_pickled_model_is_never_opened(tiny_clip, tmp_path):
    shutil.copytree(tiny_clip, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"code of somebody's")
    with pytest.raises(ArgumentError, match="safetensors"):
        objectives.load(f"clip:prompt=car,model={tmp_path / 'pickled'}")


def test_cuda_asked_for_and_absent(tiny_clip, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ArgumentError, match="no CUDA device"):
        objectives.load(f"clip:prompt=car,model={tiny_clip},device=cuda")


def test_missing_package_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[diffusers\]"):
        objectives.load("clip:a red sports car")
