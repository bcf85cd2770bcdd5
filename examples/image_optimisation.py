"""The image of a text-to-image model that best matches a CLIP prompt, in a plane of its latents.

Three random seeds span a two-dimensional space. SciPy's DIRECT and the library's default search
look there for the image that fits --score-prompt best; then a grid shows the whole space. Install
with `pip install '.[examples]'` or `uv sync --group examples`; try it first with --dry-run.
"""

from pathlib import Path
from urllib.parse import quote

import click

import latent_spaces_by_example as lsbe
from dry_run import flux_and_clip
from latent_spaces_by_example import objectives
from latent_spaces_by_example.errors import LatentSpacesError
from plane import evaluate_plane, save_contours, save_montage, save_tables


@click.command(context_settings={"show_default": True})
@click.option("--prompt", default="a photo of a car in a street", help="What is generated.")
@click.option("--score-prompt", default="a red sports car", help="What CLIP looks for.")
@click.option("--pipeline", default="black-forest-labs/FLUX.1-schnell", help="Hub id or folder.")
@click.option("--clip", default="openai/clip-vit-base-patch32", help="Hub id or folder.")
@click.option("--seed-latents", nargs=3, default=(1, 2, 3), help="Random seeds; span the space.")
@click.option("--size", default=512, help="Height and width, pixels.")
@click.option("--steps", default=4, help="Denoising steps.")
@click.option("--guidance", default=0.0, help="Guidance scale; FLUX.1-schnell takes none.")
@click.option("--device", help="Such as cuda or cpu. [default: a GPU if there is one]")
@click.option("--memory", default="", help="model-offload, sequential-offload, vae-tiling, ...")
@click.option(
    "--budget", default=30, type=click.IntRange(1), help="Images that each search may make."
)
@click.option("--grid", default=9, type=click.IntRange(2), help="Points along each side.")
@click.option("--out", default="runs/image", help="A new folder for pictures and tables.")
@click.option("--dry-run", is_flag=True, help="Check it all on random weights; no download.")
def main(prompt, score_prompt, pipeline, clip, seed_latents, budget, grid, out, dry_run, **options):
    size = options.pop("size")
    if dry_run:
        budget, grid = min(budget, 5), min(grid, 3)
        generator, objective, what = flux_and_clip(
            prompt=prompt, score_prompt=score_prompt, size=size, **options
        )
        click.echo(f"dry run on {what}; budget {budget}, grid {grid}")
    else:
        generator = lsbe.generators.diffusers(
            pipeline, prompt=prompt, height=size, width=size, **options
        )
        device = f",device={options['device']}" if options["device"] else ""
        objective = objectives.load(
            f"clip:prompt={quote(score_prompt)},model={quote(clip)}{device}"
        )
    click.echo(f"latents of shape {generator.latent_shape}")

    studies = {}
    for search in ("direct", "latent-gp"):
        folder = Path(out, search)
        space = {"seed_latents": seed_latents, "search": search, "out": folder}
        studies[search] = lsbe.optimise(generator, objective, budget=budget, **space)
        studies[search].save()
        click.echo(f"{search}: best score {studies[search].best_score:.4g}")

    found = evaluate_plane(studies["direct"], objective, size=grid)
    click.echo(f"grid: best score {found.scores[found.best]:.4g}")
    save_contours(found, studies, Path(out, "contour.png"))
    save_montage(found, Path(out, "montage.png"))
    save_tables(found, studies, history=Path(out, "history.csv"), grid=Path(out, "grid.csv"))
    best = max(studies.values(), key=lambda study: study.best_score)
    generator.save(best.best_output, Path(out, "best.png"))
    click.echo(f"best.png, contour.png, montage.png, history.csv and grid.csv are in {out}")


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except (LatentSpacesError, click.ClickException) as error:
        raise SystemExit(f"Error: {error}") from None
