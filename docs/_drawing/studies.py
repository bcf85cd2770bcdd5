"""Pictures of searches: five methods by their benchmark, and one proposal of the default."""

import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report.octant import edges, from_plane, to_plane
from latent_spaces_by_example.search.latent_gp import ScoreModel

from .airfoils import EXAMPLES
from .style import FOUND, FOURTH, GIVEN, INK, PALE, THIRD, figure_of

_RUNS = Path(__file__).parents[2] / "benchmarks" / "results" / "search" / "runs.csv"
_METHODS = {
    # a recipe that divides its budget is another one with another budget
    "default": ("latent-gp, the default", FOUND, 500),
    "default-looking": ("latent-gp, the default", FOUND, 200),
    "hill-climb": ("a hill climb", GIVEN, 500),
    "cma-es-on-u": ("cma-es", THIRD, 200),
    "o3": ("the published recipe", FOURTH, 200),
    "best-of-n": ("prior draws", PALE, 500),
}
# title, and the method that the default has no part of: it looks at outputs where there are any
_TASKS = {
    "rugged-64": ("a rugged function of 64 numbers", "default-looking"),
    "airfoil": ("airfoil, lift over drag", "default"),
}
_SHOWN_TRIALS = 14


def searches() -> Figure:
    """Show the median of the best score so far of five methods on two tasks."""
    evaluations = np.arange(1, 201)
    curves: dict[tuple[str, str], list[np.ndarray]] = {}
    with _RUNS.open(encoding="utf-8", newline="") as file:
        for run in csv.DictReader(file):
            _, _, budget = _METHODS.get(run["method"], ("", "", 0))
            if run["task"] in _TASKS and int(run["budget"]) == budget:
                steps = [step.split(":") for step in run["curve"].split()]
                at = np.array([int(number) for number, _ in steps])
                best = np.array([np.nan, *(float(score) for _, score in steps)])
                curve = best[np.searchsorted(at, evaluations, side="right")]
                curves.setdefault((run["task"], run["method"]), []).append(curve)
    figure = figure_of(3.9)
    for axes, (task, (title, other)) in zip(figure.subplots(1, 2), _TASKS.items(), strict=True):
        for method, (label, colour, _) in _METHODS.items():
            if method == other:
                continue
            median = np.median(curves[task, method], axis=0)
            width = 2.6 if colour == FOUND else 1.5
            axes.plot(evaluations, median, color=colour, linewidth=width, label=label)
        axes.set(title=title, xlabel="evaluations")
        axes.set_ylim(bottom=np.median(curves[task, "best-of-n"], axis=0)[7])
    figure.axes[0].set_ylabel("best score so far (median)")
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    return figure


def proposal() -> Figure:
    """Show what the default search knows after 14 evaluations, and where it goes next."""
    study = lsbe.create_study(lsbe.generators.load("airfoil"), examples=list(EXAMPLES))
    study.run(lsbe.objectives.load("lift-to-drag"), budget=_SHOWN_TRIALS)
    model = ScoreModel.of(study.history())
    [trial] = study.ask(1)
    side = np.linspace(-1.0, 1.0, 90)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    weights = from_plane(places)
    inside = (weights > -0.03).all(axis=1)
    places, weights = places[inside], weights[inside].clip(0.0)
    weights /= np.linalg.norm(weights, axis=1, keepdims=True)
    seen = to_plane(np.stack([trial.weights for trial in study.finished_trials]))
    best, following = to_plane(np.stack([study.best_trial.weights, trial.weights]))
    figure = figure_of(3.7)
    panels = {
        "the score that it expects": (model.mean(weights), "Oranges"),
        "how uncertain it is": (model.uncertainty(weights), "Blues"),
    }
    for axes, (title, (values, colours)) in zip(figure.subplots(1, 2), panels.items(), strict=True):
        shown = axes.tricontourf(*places.T, values, levels=10, cmap=colours)
        shown.set_clip_path(axes.fill(*edges().T, facecolor="none", edgecolor=INK)[0])
        axes.plot(*seen.T, "o", color=INK, markersize=4)
        axes.plot(*best, "*", color="white", markersize=17, markeredgecolor=INK)
        axes.plot(*following, "D", color=FOURTH, markersize=9, markeredgecolor="white")
        axes.annotate(
            "", following, best, arrowprops={"arrowstyle": "->", "color": FOURTH, "lw": 1.5}
        )
        axes.set(title=title, aspect="equal")
        axes.axis("off")
        bar = figure.colorbar(shown, ax=axes, shrink=0.7, location="bottom")
        bar.locator = MaxNLocator(4)
    return figure
