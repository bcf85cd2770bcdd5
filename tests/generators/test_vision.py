"""Features of pictures by vision models of transformers, tiny ones of random weights."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("diffusers")  # the tiny models are made with it

from PIL import Image

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.generators.vision import VisionFeatures

# of transformers about itself, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

PICTURES = np.random.default_rng(0).random((3, 40, 36, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vit")
    config = transformers.ViTConfig(
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        image_size=32,
    )
    torch.manual_seed(0)
    transformers.ViTModel(config).save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def test_features_are_what_transformers_itself_sees(tiny_clip, vit):
    pictures = [Image.fromarray((x * 255).round().astype(np.uint8)) for x in PICTURES]
    for folder, see in (
        (tiny_clip, lambda model, pixels: model.get_image_features(pixels)),
        (vit, lambda model, pixels: model(pixels)),
    ):
        processor = transformers.AutoImageProcessor.from_pretrained(folder)
        model = transformers.AutoModel.from_pretrained(folder).eval()
        with torch.no_grad():
            out = see(model, processor(images=pictures, return_tensors="pt")["pixel_values"])
        expected = out if isinstance(out, torch.Tensor) else out.pooler_output
        expected = torch.nn.functional.normalize(expected, dim=-1).numpy()
        np.testing.assert_allclose(VisionFeatures(str(folder))(PICTURES), expected, atol=1e-5)


class Painter:
    """Paints two colours."""

    latent_shape = (4,)

    def generate(self, latents):
        colours = 1 / (1 + np.exp(-latents[:, None, None, :3]))
        return np.broadcast_to(colours, (len(latents), 32, 32, 3)).astype(np.float32)


def brightness(pictures):
    return [float(picture.mean()) for picture in pictures]


def test_a_study_looks_by_a_model_that_has_to_be_named_again(vit, tmp_path):
    name = f"transformers:{vit}"
    study = lsbe.optimise(
        Painter(), brightness, budget=11, features=name, candidates=16, out=tmp_path / "run"
    )
    assert study.settings.features == name
    study = lsbe.open_study(tmp_path / "run", generator=Painter())
    with pytest.raises(StudyError, match="give them again"):
        study.run(brightness, budget=12)
    again = lsbe.open_study(tmp_path / "run", generator=Painter(), features=name)
    again.run(brightness, budget=12)
    assert len(again.trials) == 12


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(ArgumentError, match="no vision model of transformers can be loaded"):
        VisionFeatures(str(tmp_path))(PICTURES)
    with pytest.raises(ArgumentError, match="names no model"):
        lsbe.create_study(Painter(), features="transformers:")
