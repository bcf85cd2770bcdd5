"""What is refused, and whether the message says what to do."""

import json
import shutil
import sys

import diffusers
import numpy as np
import pytest
import torch

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError, MissingPackageError

SMALL = {"prompt": "a red car", "height": 32, "width": 32, "steps": 1, "device": "cpu"}


def refused(*words, error=ArgumentError, pipeline, **arguments):
    with pytest.raises(error) as caught:
        generators.diffusers(pipeline, **arguments)
    for word in words:
        assert word in str(caught.value)


# ---------------------------------------------------------------- where the pipeline comes from


def test_hub_id_that_cannot_be_reached(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # where there is a network, too
    hub = "nobody-at-all/no-such-pipeline"
    refused(hub, "cannot be reached", "--local-dir", "give its path", pipeline=hub, **SMALL)


@pytest.mark.parametrize("place", ["./missing", "missing", "/no/such/folder"])
def test_folder_that_is_not_there(place):
    refused("there is no folder", place, pipeline=place, **SMALL)


def test_folder_that_holds_no_pipeline(tmp_path):
    refused("model_index.json", pipeline=tmp_path, **SMALL)


def test_file_in_place_of_a_folder(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    refused("from_single_file", pipeline=path, **SMALL)


def test_something_that_is_no_pipeline():
    refused("pipeline is 3 of type int", "expected a diffusers", pipeline=3, **SMALL)


def test_pipelines_of_one_s_own_class(built):
    class OtherPipeline(diffusers.DiffusionPipeline):
        def __init__(self, unet, scheduler):
            super().__init__()
            self.register_modules(unet=unet, scheduler=scheduler)

    class Mine(diffusers.DDIMPipeline):
        pass

    known = built("ddim")
    other = OtherPipeline(unet=known.unet, scheduler=known.scheduler)
    refused("OtherPipeline has no __call__", pipeline=other)
    mine = Mine(unet=known.unet, scheduler=known.scheduler)
    assert generators.diffusers(mine, steps=1).latent_shape == (3, 16, 16)


@pytest.fixture
def changed(tiny, tmp_path):
    """A copy of the tiny DDIM, to change its files."""
    return shutil.copytree(tiny("ddim"), tmp_path / "changed")


def test_a_class_newer_than_the_installed_diffusers(changed):
    index = json.loads((changed / "model_index.json").read_text())
    for newer in ({"_class_name": "Flux9Pipeline"}, {"unet": ["diffusers", "UNet9Model"]}):
        (changed / "model_index.json").write_text(json.dumps({**index, **newer}))
        refused(diffusers.__version__, "newer version", pipeline=changed, steps=1)


def test_a_folder_of_one_variant_needs_no_word_and_others_do(changed):
    weights = changed / "unet" / "diffusion_pytorch_model.safetensors"
    plain = generators.diffusers(changed, steps=1, device="cpu")
    z = plain.latent_from_random_seed(0)[None]
    expected = plain.generate(z)
    weights.rename(weights.with_suffix(".fp16.safetensors"))
    for variant in (None, "fp16"):
        half = generators.diffusers(changed, steps=1, device="cpu", variant=variant)
        np.testing.assert_array_equal(half.generate(z), expected)
        assert ("variant=fp16" in half.name) == (variant is not None)
    refused("variant='fp16' loads", pipeline=changed, steps=1, variant="bf16")


def test_pickled_weights_are_never_opened(changed):
    weights = changed / "unet" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    weights.with_suffix(".bin").write_bytes(b"code of somebody's")
    refused("Only safetensors files are opened", pipeline=changed, steps=1)


def test_a_typing_error_is_found_before_anything_is_loaded(tiny, monkeypatch):
    monkeypatch.setattr(diffusers.DiffusionPipeline, "from_pretrained", None)
    refused("did you mean steps", pipeline=tiny("ddim"), stepz=3)


def test_missing_package_names_the_command(monkeypatch):
    for module in list(sys.modules):
        if module.startswith("latent_spaces_by_example.generators.pipelines"):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MissingPackageError, match=r"latent-spaces-by-example\[diffusers\]"):
        generators.diffusers("black-forest-labs/FLUX.1-schnell", prompt="a red car")


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"height": 33}, ("height=33", "multiples of 8", "try 32")),
        ({"width": 0}, ("width=0", "at least 1")),
        ({"frames": 9}, ("frames=9", "has none")),
        ({"device": "nonsense"}, ("nonsense",)),
        ({"memory": "vae-tilling"}, ("vae-tilling", "did you mean vae-tiling")),
        ({"memory": "model-offload"}, ("no GPU",)),
        ({"scheduler": "DDIMSheduler"}, ("did you mean DDIMScheduler",)),
        ({"latents": 1}, ("latents cannot be given",)),
        ({"num_inference_steps": 3}, ("give steps=",)),
        ({"guidance_scal": 3}, ("did you mean guidance_scale",)),
        ({"prompt": None}, ("prompt is missing",)),
        ({"prompt": "car " * 40}, ("prompt is too long", "122 tokens", "at most 77")),
        ({"negative_prompt": "car " * 40}, ("negative_prompt is too long",)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_arguments(built, wrong, words):
    if torch.cuda.is_available() and "memory" in wrong:
        pytest.skip("offloading works here")
    refused(*words, pipeline=built("stable-diffusion"), **{**SMALL, **wrong})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_asked_for_and_absent(built):
    words = ("device='cuda' cannot be used", "device='cpu'", "driver")
    refused(*words, pipeline=built("stable-diffusion"), **{**SMALL, "device": "cuda"})


def test_a_long_prompt_is_fine_where_one_encoder_sees_it_whole(built):
    long = {**SMALL, "prompt": "car " * 40}
    assert generators.diffusers(built("flux"), **long).latent_shape == (4, 16, 16)
    words = ("too long", "max_sequence_length")
    refused(*words, pipeline=built("flux"), **long | {"max_sequence_length": 100})
    refused(*words, pipeline=built("flux"), **SMALL | {"prompt": "car " * 200})


def test_unconditional_models_have_one_size(built):
    refused("16 x 16", pipeline=built("ddim"), height=32, width=32)
    refused("no 'prompt'", pipeline=built("ddim"), prompt="a red car")
    refused("has none", pipeline=built("ddim"), guidance=2.0)


def test_more_seconds_than_the_model_makes(built):
    refused("4.0", pipeline=built("stable-audio"), prompt="rain", seconds=9.0, device="cpu")


# ---------------------------------------------------------------- while it generates


@pytest.fixture
def generator(built):
    return generators.diffusers(built("ddim"), steps=1, device="cpu")


def test_out_of_memory_says_what_to_try(generator, monkeypatch):
    def run_out(*arguments, **named):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(generator.pipeline.unet, "forward", run_out)
    with pytest.raises(GeneratorError) as caught:
        generator.generate(np.ones((2, 3, 16, 16)))
    for word in ("20 GiB", "model-offload", "vae-tiling", "height=16"):
        assert word in str(caught.value)


def test_values_that_are_not_finite(generator, monkeypatch):
    nothing = torch.full((3,), float("nan"))
    monkeypatch.setattr(generator.pipeline.unet.conv_out.bias, "data", nothing)
    with pytest.raises(GeneratorError, match="NaN or infinite"):
        generator.generate(np.ones((1, 3, 16, 16)))
