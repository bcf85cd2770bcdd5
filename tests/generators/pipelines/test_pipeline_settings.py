"""A generator's name makes it again, or says that it cannot."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

from PIL import Image

from latent_spaces_by_example import generators
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.pipeline_settings import (
    PipelineSettings,
    read_spec,
)

# of diffusers and transformers about each other, not of ours
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

SMALL = {"prompt": "a car, in a street = 100 %", "height": 32, "width": 32, "steps": 2}


def name(source="org/model", **given):
    own = {key: given.pop(key) for key in list(given) if key in vars(PipelineSettings())}
    settings = PipelineSettings(**own, call=given)
    return settings.name(source, scheduler="DDIMScheduler", dtype="float32")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("ddim", None),
        ("flux", {"sigmas": [1.0, 0.4], "max_sequence_length": 128, "prompt_2": "a house"}),
        ("qwen-image", {"true_cfg_scale": 3.0, "negative_prompt": "2"}),
        (
            "stable-diffusion",
            {"guidance": 2.5, "guidance_rescale": 0.5, "scheduler": "DDIMScheduler"},
        ),
        ("stable-audio", {"seconds": 2}),
    ],
)
def test_it_makes_the_same_generator_again(tiny, kind, more):
    asked = {"steps": 2} if more is None else {**SMALL, **more}
    if kind == "stable-audio":
        asked = {"prompt": "rain", "steps": 2, **more}
    generator = generators.diffusers(tiny(kind), device="cpu", **asked)
    again = generators.load(f"{generator.name},device=cpu")
    assert again.name == generator.name
    assert again._arguments == generator._arguments
    z = generator.latent_from_random_seed(0)[None]
    np.testing.assert_array_equal(again.generate(z), generator.generate(z))


@pytest.mark.parametrize(
    "value",
    [
        *(3, 2.5, 1e-9, True, None, [1.0, 0.5], [], [["a, b=c"], None], {"scale": 0.5, "x": "y"}),
        *("a, b", "3", "true", " padded", "", "[x]", "100 %", "x=1", "(a:b)"),
    ],
)
def test_values_come_back_as_they_were(value):
    source, given = read_spec(name(extra=value, steps=4).removeprefix("diffusers:"))
    assert source == "org/model"
    assert given["extra"] == value
    assert type(given["extra"]) is type(value)
    assert given["steps"] == 4


def test_lists_and_sentences_may_be_typed_as_they_are():
    _, given = read_spec("org/model:sigmas=[1.0, 0.5],prompt=a car, red,max_sequence_length=256")
    assert given == {"sigmas": [1.0, 0.5], "prompt": "a car, red", "max_sequence_length": 256}
    assert read_spec("/a=b/model:steps=2,dtype=float16") == (
        "/a=b/model",
        {"steps": 2, "dtype": "float16"},
    )
    assert read_spec("org/model") == ("org/model", {})


def test_numbers_of_numpy_are_numbers():
    assert name(sigmas=np.linspace(1.0, 0.5, 2), shift=np.float64(3.0)) == name(
        sigmas=[1.0, 0.5], shift=3.0
    )


def test_what_no_text_can_hold_is_told_apart_and_says_so():
    embeds = torch.zeros(1, 77, 16)
    other = embeds.clone()
    other[0, 40, 3] = 1e-3
    pictures = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]

    def callback(pipeline, step, timestep, given):
        return given

    kinds = {
        "prompt_embeds": [embeds, other, embeds.bfloat16(), embeds.numpy()],
        "ip_adapter_image": pictures,
        "callback_on_step_end": [callback, print],
        "ip_adapter_image_embeds": [[embeds], [other]],
    }
    for key, values in kinds.items():
        names = [name(**{key: value}) for value in values]
        assert len(set(names)) == len(values)
        assert names == [name(**{key: value}) for value in values]
        for text in names:
            assert " at 0x" not in text
            with pytest.raises(ArgumentError, match=rf"{key}=.* a name holds only a digest"):
                generators.load(text)
    assert name(prompt_embeds=embeds) == name(prompt_embeds=embeds.clone())


def test_a_pipeline_made_in_python_says_so(built):
    generator = generators.diffusers(built("ddim"), steps=1)
    with pytest.raises(ArgumentError, match=r"DDIMPipeline.* was made from a pipeline in Python"):
        generators.load(generator.name)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "names no pipeline"),
        ("org/model:steps=1,steps=2", "'steps' .*twice"),
        ("org/model:steps=many", "'steps' .*must be a number"),
        ("org/model:height=[3]", "'height' .*must be a number"),
    ],
)
def test_specs_that_cannot_be_read(spec, words):
    with pytest.raises(ArgumentError, match=words):
        generators.load(f"diffusers:{spec}")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"prompt": ["a", "b"]}, "prompt is a list; expected one text"),
        ({"prompt": "a", "prompt_2": ["b"]}, "prompt_2 is a list"),
        ({"dtype": "float16", "torch_dtype": torch.float32}, "differ"),
        ({"torch_dtype": torch.float64}, "dtype='float64'"),
        ({"step_noise": "perhaps"}, "expected one of refuse, fixed, latent"),
        ({"steps": 0}, "steps=0"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"dtype": "float8"}, "dtype='float8'.*bfloat16"),
        ({"inversion_iterations": 0}, "inversion_iterations=0"),
        ({"inversion_iterations": True}, "inversion_iterations=True"),
        ({"inversion_error": 0.0}, r"inversion_error=0\.0"),
    ],
)
def test_settings_that_are_wrong_whatever_the_pipeline_is(given, words):
    with pytest.raises(ArgumentError, match=words):
        generators.diffusers("org/model", **given)
