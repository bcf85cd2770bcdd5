"""What every pipeline with a row in the table is asked for, and what it makes of it."""

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
OURS = {"steps": "num_inference_steps", "frames": "num_frames", "seconds": "audio_end_in_s"}
