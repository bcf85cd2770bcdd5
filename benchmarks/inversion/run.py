"""Measure how well pipelines with a trained network invert images that they never saw.

    python benchmarks/inversion/run.py

Held-out scans of digits, through DDIM and through FLUX whose network is the embedded digits model
(``trained_digits.py``). Writes ``benchmarks/results/inversion.md``.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch

from latent_spaces_by_example import generators
from latent_spaces_by_example.zoo.digits.scans import load_scans

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "examples")]  # where the tiny parts are

from trained_digits import (  # noqa: E402
    digits_ddim,
    digits_flux,
    image_of_levels,
    levels_of_image,
)

RESULT = Path(__file__).parents[1] / "results" / "inversion.md"
NUM_IMAGES = 20
CASES = [
    ("DDIM", 5, 50),
    ("DDIM", 10, 50),
    ("DDIM", 20, 50),
    ("DDIM", 50, 50),
    ("DDIM", 20, 1),
    ("DDIM", 20, 2),
    ("DDIM", 20, 4),
    ("FLUX", 5, 50),
    ("FLUX", 10, 50),
    ("FLUX", 20, 50),
    ("FLUX", 50, 50),
    ("FLUX", 20, 1),
    ("FLUX", 20, 2),
    ("FLUX", 20, 4),
]
COLUMNS = (
    "pipeline",
    "steps",
    "most iterations",
    "error",
    "worst",
    "same",
    "norm / expected",
    "evaluations a step",
    "not converged",
)
HEAD = """# Inversion of trained pipelines

{n} held-out scans of digits, inverted and generated again, in float32. Errors are root mean
squares of values in [0, 1], the median and the worst; "same" is the share of all pixels that show
the same of 17 grey levels. The VAE of this FLUX is exact, so all of the error is of the steps.

    python benchmarks/inversion/run.py

{columns}
{rules}
"""


def held_out():
    """Scans that the embedded model was not trained on, drawn as its training did."""
    levels, _ = load_scans()
    order = np.random.default_rng(20240811).permutation(len(levels))
    return levels[order[:NUM_IMAGES]]


def row(kind, steps, iterations, *, pipeline, scans):
    """One line of the table."""
    size = {} if kind == "DDIM" else {"height": 16, "width": 16, "prompt": "a digit"}
    generator = generators.diffusers(pipeline, steps=steps, inversion_iterations=iterations, **size)
    errors, same, norms, evaluations, stuck = [], [], [], 0, 0
    for levels in scans:
        image = image_of_levels(levels)
        if kind == "FLUX":
            image = image.repeat(2, axis=0).repeat(2, axis=1).repeat(3, axis=2)
        found = generator.inversion(image)
        again = generator.generate(found.latent[None])[0]
        shown = levels_of_image(again if kind == "DDIM" else again[::2, ::2])
        errors.append(found.rms_error)
        same.append(np.mean(shown == levels))
        norms.append(found.relative_norm)
        evaluations += found.evaluations
        stuck += len(found.unconverged)
    total = steps * len(scans)
    return (
        f"| {kind} | {steps} | {iterations} | {np.median(errors):.2g} | {max(errors):.2g} "
        f"| {100 * np.mean(same):.2f}% | {np.median(norms):.2f} | {evaluations / total:.1f} "
        f"| {stuck} of {total} |"
    )


def main():
    """Measure every case and write the table."""
    warnings.simplefilter("ignore")  # of diffusers and transformers about each other
    torch.set_num_threads(1)
    pipelines = {"DDIM": digits_ddim(), "FLUX": digits_flux()}
    scans, lines = held_out(), []
    for kind, steps, iterations in CASES:
        begun = time.time()
        lines.append(row(kind, steps, iterations, pipeline=pipelines[kind], scans=scans))
        print(lines[-1], f"{time.time() - begun:.1f} s", flush=True)
    columns, rules = f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"
    head = HEAD.format(n=NUM_IMAGES, columns=columns, rules=rules)
    RESULT.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
