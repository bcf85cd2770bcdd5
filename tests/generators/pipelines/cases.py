"""What every pipeline with a row in the table is asked for, and what it makes of it."""

import inspect

import numpy as np
import torch

PROMPT = "a red car"
IMAGE = {"prompt": PROMPT, "height": 32, "width": 48, "steps": 2}
# name -> (arguments of ours, the same for the pipeline, shape of a latent, shape of an output)
CASES = {
    "ddim": ({"steps": 3}, {}, (3, 16, 16), (16, 16, 3)),
    "stable-diffusion": (IMAGE, {}, (4, 16, 24), (32, 48, 3)),
    "stable-diffusion-xl": (IMAGE, {}, (4, 16, 24), (32, 48, 3)),
    "flux": (IMAGE, {}, (4, 16, 24), (32, 48, 3)),
    "stable-diffusion-3": (IMAGE, {}, (4, 16, 24), (32, 48, 3)),
    "pixart-sigma": (IMAGE, {"use_resolution_binning": False}, (4, 16, 24), (32, 48, 3)),
    "sana": (IMAGE | {"width": 64}, {"use_resolution_binning": False}, (4, 16, 32), (32, 64, 3)),
    "flux2": (IMAGE, {}, (16, 8, 12), (32, 48, 3)),
    "qwen-image": (IMAGE, {}, (4, 16, 24), (32, 48, 3)),
}
THEIRS = {
    "steps": "num_inference_steps",
    "frames": "num_frames",
    "seconds": "audio_end_in_s",
    "guidance": "guidance_scale",
}


def latents(generator, n=2):
    return np.stack([generator.latent_from_random_seed(seed) for seed in range(n)])


def made_without_us(pipeline, random_seed, **asked):
    """Return what a pipeline that is called with its own words makes of a random seed."""
    pipeline.set_progress_bar_config(disable=True)
    called = {THEIRS.get(key, key): value for key, value in asked.items()}
    if "output_type" in inspect.signature(type(pipeline).__call__).parameters:
        called["output_type"] = "np"
    # seeds are of the CPU's generator, on every machine
    seeded = torch.Generator("cpu").manual_seed(random_seed)
    return np.asarray(pipeline(generator=seeded, **called)[0][0], dtype=np.float32)
