"""What is refused, and whether the message says what to do."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import diffusers

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError, GeneratorError, MissingPackageError

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

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
    refused("int", "expected a diffusers pipeline", pipeline=3, **SMALL)


def test_pipeline_of_an_unknown_class(tiny):
    class OtherPipeline(diffusers.DiffusionPipeline):
        def __init__(self, unet, scheduler):
            super().__init__()
            self.register_modules(unet=unet, scheduler=scheduler)

    known = diffusers.DDIMPipeline.from_pretrained(tiny("ddim"))
    other = OtherPipeline(unet=known.unet, scheduler=known.scheduler)
    refused(
        "OtherPipeline",
        "FluxPipeline",
        "WanPipeline",
        "Write an adapter",
        "latents=",
        pipeline=other,
    )


def test_pipeline_that_inherits_is_known(tiny):
    class Mine(diffusers.DDIMPipeline):
        pass

    known = diffusers.DDIMPipeline.from_pretrained(tiny("ddim"))
    mine = Mine(unet=known.unet, scheduler=known.scheduler)
    assert generators.diffusers(mine, steps=1).latent_shape == (3, 16, 16)


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
        ({"frames": 9}, ("frames=9", "makes image")),
        ({"steps": 0}, ("steps=0",)),
        ({"batch_size": 0}, ("batch_size=0",)),
        ({"dtype": "float8"}, ("float8", "bfloat16")),
        ({"device": "nonsense"}, ("nonsense",)),
        ({"memory": "vae-tilling"}, ("vae-tilling", "did you mean vae-tiling")),
        ({"memory": "model-offload"}, ("no GPU",)),
        ({"scheduler": "DDIMSheduler"}, ("did you mean DDIMScheduler",)),
        ({"step_noise": "perhaps"}, ("refuse", "fixed")),
        ({"latents": 1}, ("latents cannot be given",)),
        ({"num_inference_steps": 3}, ("give steps=",)),
        ({"guidance_scal": 3}, ("did you mean guidance_scale",)),
        ({"prompt": None}, ("prompt is missing",)),
        ({"prompt": "car " * 40}, ("prompt is too long", "122 tokens", "at most 77")),
        ({"negative_prompt": "car " * 40}, ("negative_prompt is too long",)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_arguments(tiny, wrong, words):
    if torch.cuda.is_available() and "memory" in wrong:
        pytest.skip("offloading works here")
    refused(*words, pipeline=tiny("stable-diffusion"), **{**SMALL, **wrong})


def test_cuda_asked_for_and_absent(tiny, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    wrong = {**SMALL, "device": "cuda"}
    refused("no CUDA device", "device='cpu'", pipeline=tiny("stable-diffusion"), **wrong)


def test_a_long_prompt_is_fine_where_one_encoder_sees_it_whole(tiny):
    long = {**SMALL, "prompt": "car " * 40}
    assert generators.diffusers(tiny("flux"), **long).latent_shape == (4, 16, 16)
    refused(
        "too long", "max_sequence_length", pipeline=tiny("flux"), **SMALL | {"prompt": "car " * 200}
    )


def test_unconditional_models_have_one_size(tiny):
    refused("16 x 16", pipeline=tiny("ddim"), height=32, width=32)
    refused("no 'prompt'", pipeline=tiny("ddim"), prompt="a red car")
    refused("has none", pipeline=tiny("ddim"), guidance=2.0)


def test_frames_that_the_video_model_cannot_make(tiny):
    refused("4 k + 1", "try 5 or 9", pipeline=tiny("wan"), **SMALL, frames=7)


def test_more_seconds_than_the_model_makes(tiny):
    refused("at most 4", pipeline=tiny("stable-audio"), prompt="rain", seconds=9.0, device="cpu")


# ---------------------------------------------------------------- while it generates


@pytest.fixture
def generator(tiny):
    return generators.diffusers(tiny("ddim"), steps=1, device="cpu")


@pytest.mark.parametrize(
    ("z", "words"),
    [
        (np.zeros((3, 16, 16)), r"\(n, 3, 16, 16\)"),
        (np.zeros((0, 3, 16, 16)), "at least one"),
        (np.zeros((1, 3, 16, 16), dtype=int), "floating-point"),
        (np.full((1, 3, 16, 16), np.nan), "NaN"),
    ],
)
def test_wrong_latents(generator, z, words):
    with pytest.raises(ArgumentError, match=words):
        generator.generate(z)


def test_out_of_memory_says_what_to_try(generator, monkeypatch):
    def run_out(*arguments, **named):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(generator.pipeline.unet, "forward", run_out)
    with pytest.raises(GeneratorError) as caught:
        generator.generate(np.ones((2, 3, 16, 16)))
    for word in ("20 GiB", "model-offload", "vae-tiling", "height=16"):
        assert word in str(caught.value)


def test_values_that_are_not_finite(generator):
    with torch.no_grad():
        generator.pipeline.unet.conv_out.bias.fill_(float("nan"))
    with pytest.raises(GeneratorError, match="NaN or infinite"):
        generator.generate(np.ones((1, 3, 16, 16)))
