"""The plane that three seed latents span: its scores as contours, pictures and tables."""

import csv
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from latent_spaces_by_example.charts import KnotheRosenblattChart
from latent_spaces_by_example.objectives import read_scores

ORANGE, BLUE = "#c2410c", "#1d4ed8"
# where the seed latents are in u: the first is the whole edge u_1 = 0, as the chart collapses there
CORNERS = ((0.0, 0.5), (1.0, 0.0), (1.0, 1.0))
PICTURE, FRAME, LINE = 160, 4, 16  # pixels


@dataclass(frozen=True)
class Plane:
    """Scores and pictures at u = (side[j], side[i]); NaN and None where making one failed."""

    side: np.ndarray
    scores: np.ndarray
    pictures: list
    seed_names: list

    @property
    def best(self):
        """Return the place (i, j) of the best score."""
        return np.unravel_index(np.nanargmax(self.scores), self.scores.shape)


def evaluate_plane(study, objective, *, size):
    """Generate and score a grid of size x size points between a study's three seed latents."""
    side = np.linspace(0.0, 1.0, size)
    u = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    # what is the same latent, as the edge of the first seed is, is made once
    weights, places = np.unique(
        KnotheRosenblattChart().forward(u).round(9), axis=0, return_inverse=True
    )
    made = [evaluated(study, objective, row / np.linalg.norm(row)) for row in weights]
    scores, pictures = zip(*(made[place] for place in places.ravel()), strict=True)
    return Plane(side, np.reshape(scores, (size, size)), list(pictures), study.seed_names[:3])


def evaluated(study, objective, weights):
    try:
        outputs = study.generator.generate(study.latents(weights[None]))
        [evaluation] = read_scores(objective(outputs), n=1)
    except Exception:  # as in a study, a point that fails costs that point
        return np.nan, None
    return evaluation.score, small_picture(study.generator, outputs[0])


def small_picture(generator, output):
    picture = generator.render(output).convert("RGB")
    picture.thumbnail((PICTURE, PICTURE))
    return picture


def save_contours(plane, studies, path):
    """Draw the scores of the plane, with where each of the studies looked, a panel each."""
    figure = Figure(figsize=(4.6 * len(studies) + 0.9, 5.0), dpi=144, layout="constrained")
    panels = figure.subplots(1, len(studies), squeeze=False, sharey=True)[0]
    for axes, (name, study) in zip(panels, studies.items(), strict=True):
        shown = axes.contourf(plane.side, plane.side, plane.scores, levels=16, cmap="viridis")
        path_of_u = KnotheRosenblattChart().inverse(study.weights)
        path_of_u[path_of_u[:, 0] < 1e-6, 1] = 0.5  # anywhere on that edge is the first seed latent
        axes.plot(*path_of_u.T, "-", color="white", linewidth=0.7, alpha=0.45)
        axes.plot(*path_of_u.T, "o", color="white", markersize=4, label="evaluated")
        best = path_of_u[study.best_trial.number]
        axes.plot(*best, "*", color=ORANGE, markersize=16, label="best found")
        axes.plot(*zip(*CORNERS, strict=True), "s", color=BLUE, label="seed latents", clip_on=False)
        for seed_name, corner in zip(plane.seed_names, CORNERS, strict=True):
            axes.annotate(
                seed_name, corner, (0, 8), textcoords="offset points", ha="center", color=BLUE
            )
        title = f"{name}: best {study.best_score:.4g} of {len(study.finished_trials)} evaluations"
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="$u_1$", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    panels[0].set_ylabel("$u_2$")
    figure.colorbar(shown, ax=list(panels), label="score", shrink=0.8)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path)


def save_montage(plane, path):
    """Lay out the pictures, u_1 to the right and u_2 upwards; the seeds blue, the best orange."""
    size = len(plane.side)
    step = PICTURE + 2 * FRAME, PICTURE + 2 * FRAME + LINE
    sheet = Image.new("RGB", (size * step[0], size * step[1]), "white")
    draw = ImageDraw.Draw(sheet)
    for place, picture in enumerate(plane.pictures):
        i, j = divmod(place, size)
        x, y = j * step[0], (size - 1 - i) * step[1]
        is_seed = j == 0 or (j == size - 1 and i in (0, size - 1))
        colour = BLUE if is_seed else "white"
        colour = ORANGE if (i, j) == plane.best else colour
        draw.rectangle((x, y, x + step[0] - 1, y + step[1] - LINE - 1), fill=colour)
        if picture is not None:
            sheet.paste(picture, (x + FRAME, y + FRAME))
        draw.text((x + FRAME, y + step[1] - LINE), f"{plane.scores[i, j]:.4g}", fill="black")
    sheet.save(path)


def save_tables(plane, studies, *, history, grid):
    """Write one CSV with a line for each trial, and one with a line for each point of the grid."""
    weights = [f"weight {name}" for name in plane.seed_names]
    trials = [
        [name, trial.number, *trial.weights[:3].tolist(), trial.score, trial.seconds, trial.error]
        for name, study in studies.items()
        for trial in study.trials
    ]
    side = plane.side.tolist()
    points = [[a, b, plane.scores[i, j]] for i, b in enumerate(side) for j, a in enumerate(side)]
    write(history, ["search", "trial", *weights, "score", "seconds", "error"], trials)
    write(grid, ["u_1", "u_2", "score"], points)


def write(path, head, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
