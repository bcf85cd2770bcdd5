"""Draws the pictures of the pages: python docs/make_pictures.py"""

import csv
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.report import plane
from latent_spaces_by_example.zoo.airfoil import find_section, resample
from latent_spaces_by_example.zoo.airfoil.lift_to_drag import LiftToDrag
from latent_spaces_by_example.zoo.airfoil.neural_foil import Flow, fit_kulfan

OUT = Path(__file__).parent / "pictures"
RUNS = Path(__file__).parents[1] / "benchmarks" / "results" / "search" / "runs.csv"
EXAMPLES = ("naca2412", "s1223", "rae2822")
INK, FIRST, SECOND = "#4a5568", "#1d4ed8", "#c2410c"


def charts() -> Figure:
    """Where an even grid of u lands on the sphere, seen along its diagonal."""
    figure = Figure(figsize=(8, 3.8), layout="constrained", dpi=120)
    side, fine = np.linspace(0, 1, 13), np.linspace(0, 1, 200)
    # an orthonormal view of the octant along (1, 1, 1)
    view = np.array([[-1, 1, 0], [-1, -1, 2]]) / np.sqrt([[2], [6]])
    charts = {
        "Knothe-Rosenblatt": lsbe.charts.KnotheRosenblattChart(),
        "angular": lsbe.charts.AngularChart(),
    }
    for axes, (name, chart) in zip(figure.subplots(1, 2), charts.items(), strict=True):
        for fixed in side:
            for columns in ((np.full_like(fine, fixed), fine), (fine, np.full_like(fine, fixed))):
                x, y = view @ chart.forward(np.stack(columns, axis=1)).T
                axes.plot(x, y, color=INK, linewidth=0.7)
        for corner in np.eye(3):
            axes.plot(*(view @ corner), "o", color=FIRST)
        for label, corner in zip(("$z_1$", "$z_2$", "$z_3$"), np.eye(3), strict=True):
            axes.annotate(label, view @ corner * 1.09, ha="center", va="center")
        axes.set(title=f"{name}: a 12 x 12 grid of u", aspect="equal")
        axes.margins(0.1)
        axes.axis("off")
    return figure


def norms() -> Figure:
    """Norms of points between three latents of 4,096 dimensions: weights against straight lines."""
    rng = np.random.default_rng(0)
    dims = 4096
    seeds = rng.standard_normal((3, dims))
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seeds)
    on_shell = np.linalg.norm(chart.from_u_to_z(rng.random((4000, 2))), axis=1)
    straight = np.linalg.norm(rng.dirichlet(np.ones(3), 4000) @ seeds, axis=1)
    model = np.linalg.norm(rng.standard_normal((4000, dims)), axis=1)
    figure = Figure(figsize=(7, 3), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    bins = np.linspace(0.5, 1.1, 121)
    for values, label, colour in [
        (straight, "straight lines between the seeds", SECOND),
        (on_shell, "unit-norm weights", FIRST),
        (model, "what the model draws", "#94a3b8"),
    ]:
        axes.hist(values / np.sqrt(dims), bins, label=label, color=colour, alpha=0.7, density=True)
    axes.set(xlabel="norm of the latent over the root of its dimension", yticks=[])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def airfoils() -> Figure:
    """Sections at an even grid of u between three examples."""
    generator = lsbe.generators.load("airfoil")
    latents = generator.invert([generator.example(name) for name in EXAMPLES])
    chart = lsbe.knothe_rosenblatt_surrogate_chart(latents, combination="shell")
    side = np.linspace(0, 1, 7)
    u = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    figure = Figure(figsize=(8, 4.6), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    corners = {(0.0, 0.5): 0, (1.0, 0.0): 1, (1.0, 1.0): 2}
    for (u1, u2), section in zip(u, generator.generate(chart.from_u_to_z(u)), strict=True):
        x, y = 0.13 * (section[:, 0] - 0.5) + u1, 0.22 * section[:, 1] + u2
        corner = corners.get((u1, u2))
        axes.fill(x, y, facecolor="#dbeafe" if corner is None else FIRST, edgecolor=INK, lw=0.8)
        if corner is not None:
            axes.annotate(EXAMPLES[corner], (u1, u2 + 0.06), ha="center", color=FIRST, fontsize=9)
    axes.set(xlabel="$u_1$", ylabel="$u_2$", xlim=(-0.1, 1.1), ylim=(-0.08, 1.12))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def better() -> Figure:
    """The best section of the README's study, with the three examples."""
    generator = lsbe.generators.load("airfoil")
    objective = lsbe.objectives.load("lift-to-drag")
    study = lsbe.optimise(generator, objective, examples=EXAMPLES, budget=100)
    outputs = [generator.example(name) for name in EXAMPLES] + [study.best_output]
    scores = [*study.scores[:3], study.best_score]
    figure = Figure(figsize=(8, 3.4), layout="constrained", dpi=120)
    for axes, output, score, name in zip(
        figure.subplots(2, 2).flat, outputs, scores, [*EXAMPLES, "found"], strict=True
    ):
        best = name == "found"
        axes.fill(*output.T, facecolor="#ffedd5" if best else "#dbeafe", edgecolor=INK)
        axes.set_title(f"{name}: lift over drag {score:.1f}", color=SECOND if best else INK)
        axes.set(aspect="equal", ylim=(-0.1, 0.16))
        axes.axis("off")
    return figure


def polar() -> Figure:
    """A polar of NACA 2412, and the point of it that lift-to-drag scores."""
    objective = LiftToDrag()
    section = resample(find_section("naca2412"))
    (result,) = objective([section])
    flow = Flow(fit_kulfan(section[None])[0], objective.reynolds, objective.model_size)
    angles = np.linspace(-8.0, 17.0, 251)
    polar = flow.at(angles[None])
    cl, cd = polar.cl[0], polar.cd[0]

    figure = Figure(figsize=(7.2, 2.9), layout="constrained", dpi=120)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, x, at, label in (
        (left, angles, result["alpha"], "angle of attack (degrees)"),
        (right, cd, result["cd"], "drag coefficient"),
    ):
        axes.plot(x, cl, color=FIRST, linewidth=1.8)
        axes.axhline(objective.cl, color="#888888", linewidth=0.8, linestyle="--")
        axes.plot(at, result["cl"], "o", color=SECOND, markersize=6)
        axes.set_xlabel(label)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("lift coefficient")
    right.set_xlim(0.0, 0.05)
    right.plot([0.0, 2 * result["cd"]], [0.0, 2 * result["cl"]], color=SECOND, linewidth=0.9)
    right.set_ylim(-0.8, 1.7)
    slope = f"slope = L/D = {result['lift_to_drag']:.0f}"
    right.annotate(slope, (result["cd"], result["cl"]), xytext=(0.017, 0.72), color=SECOND)
    return figure


def constraints() -> Figure:
    """Evaluations of a study under two constraints, and its best section beside a free one."""
    generator, measure = lsbe.generators.load("airfoil"), LiftToDrag(min_thickness=0.0)
    limits = {"thickness": 0.15, "cm": -0.06}

    def constrained(sections: list[np.ndarray]) -> list[dict[str, object]]:
        return [
            result
            | {
                "constraints": result["constraints"]
                | {name: limits[name] - result[name] for name in limits}
            }
            for result in measure(sections)
        ]

    study = lsbe.optimise(generator, constrained, budget=100)
    free = lsbe.optimise(generator, measure, budget=100)
    figure = Figure(figsize=(8, 5.2), layout="constrained", dpi=120)
    grid = figure.add_gridspec(2, 2, height_ratios=(2.3, 1))
    axes = figure.add_subplot(grid[0, :])
    x, y = (np.array([t.metrics[name] for t in study.finished_trials]) for name in limits)
    met = np.array([t.feasible for t in study.finished_trials])
    axes.fill_between([limits["thickness"], 1], limits["cm"], 1, color="#ffedd5", zorder=0)
    shown = axes.scatter(x, y, c=study.scores, cmap="viridis", s=np.where(met, 34, 16))
    best = study.best_trial.metrics
    axes.plot(best["thickness"], best["cm"], "*", color=SECOND, markersize=15)
    other = free.best_trial.metrics
    axes.plot(other["thickness"], other["cm"], "X", color=FIRST, markersize=9)
    axes.set(xlabel="thickness (chords)", ylabel="pitching moment", xlim=(0.04, 0.24))
    axes.set_ylim(-0.21, 0.05)
    axes.spines[["top", "right"]].set_visible(False)
    figure.colorbar(shown, ax=axes, label="lift over drag")
    for column, (shown_study, colour, name) in enumerate(
        [(study, SECOND, "with constraints"), (free, FIRST, "without")]
    ):
        axes = figure.add_subplot(grid[1, column])
        wash = "#ffedd5" if shown_study is study else "#dbeafe"
        axes.fill(*shown_study.best_output.T, facecolor=wash, edgecolor=INK)
        axes.set_title(f"{name}: lift over drag {shown_study.best_score:.1f}", color=colour)
        axes.set(aspect="equal", ylim=(-0.12, 0.18))
        axes.axis("off")
    return figure


def front() -> Figure:
    """The study of the page on several scores: evaluations, front, and three of its sections."""
    page = (Path(__file__).parent / "several_scores.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    exec(page.split("```python\n")[1].split("```")[0], names)
    study = lsbe.optimise(lsbe.generators.load("airfoil"), names["lift_and_drag"], budget=150)
    figure = Figure(figsize=(8, 5.2), layout="constrained", dpi=120)
    grid = figure.add_gridspec(2, 3, height_ratios=(2.3, 1))
    axes = figure.add_subplot(grid[0, :])
    for met, colour, label in (
        (False, "#cbd5e1", "violates a constraint"),
        (True, INK, "feasible"),
    ):
        shown = [t.scores for t in study.finished_trials if t.feasible == met]
        x, y = [s["drag"] for s in shown], [s["lift"] for s in shown]
        axes.plot(x, y, "o", color=colour, markersize=4, label=label)
    best = study.front()
    x, y = [t.scores["drag"] for t in best], [t.scores["lift"] for t in best]
    axes.plot(x, y, "o-", color=SECOND, label="the front")
    axes.set(xlabel="drag coefficient", ylabel="lift coefficient", xlim=(0.005, 0.022))
    axes.set_ylim(0.4, 2.35)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    for column, trial in enumerate([best[0], best[len(best) // 2], best[-1]]):
        axes = figure.add_subplot(grid[1, column])
        section = study.generator.generate(study.latents(trial.weights[None]))[0]
        axes.fill(*section.T, facecolor="#ffedd5", edgecolor=INK)
        lift, drag = trial.scores["lift"], trial.scores["drag"]
        axes.set_title(f"lift {lift:.2f}, drag {drag:.4f}", color=SECOND, fontsize=10)
        axes.set(aspect="equal", ylim=(-0.06, 0.32))
        axes.axis("off")
    return figure


def searches() -> Figure:
    """The best score so far of five methods on two tasks, from the runs of the benchmark."""
    methods = {
        # a recipe that divides its budget is another one with another budget
        "default": ("latent-gp, the default", SECOND, 500),
        "hill-climb": ("a hill climb", FIRST, 500),
        "cma-es-on-u": ("cma-es", "#0f766e", 200),
        "o3": ("the published recipe", "#7c3aed", 200),
        "best-of-n": ("prior draws", "#94a3b8", 500),
    }
    tasks = {"rugged-64": "a rugged function of 64 numbers", "airfoil": "airfoil, lift over drag"}
    evaluations = np.arange(1, 201)
    curves: dict[tuple[str, str], list[np.ndarray]] = {}
    with RUNS.open(encoding="utf-8", newline="") as file:
        for run in csv.DictReader(file):
            _, _, budget = methods.get(run["method"], ("", "", 0))
            if run["task"] in tasks and int(run["budget"]) == budget:
                steps = [step.split(":") for step in run["curve"].split()]
                at = np.array([int(number) for number, _ in steps])
                best = np.array([np.nan, *(float(score) for _, score in steps)])
                curve = best[np.searchsorted(at, evaluations, side="right")]
                curves.setdefault((run["task"], run["method"]), []).append(curve)
    figure = Figure(figsize=(8, 3.4), layout="constrained", dpi=120)
    for axes, (task, title) in zip(figure.subplots(1, 2), tasks.items(), strict=True):
        for method, (label, colour, _) in methods.items():
            median = np.median(curves[task, method], axis=0)
            width = 2.4 if method == "default" else 1.4
            axes.plot(evaluations, median, color=colour, linewidth=width, label=label)
        axes.set(title=title, xlabel="evaluations")
        axes.set_ylim(bottom=np.median(curves[task, "best-of-n"], axis=0)[7])
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("best score so far (median)")
    handles = figure.axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def planes() -> None:
    """The plane of three airfoils: plane-contour.png and plane-montage.png."""
    generator, objective = lsbe.generators.load("airfoil"), LiftToDrag()
    studies = {
        search: lsbe.optimise(
            generator, objective, budget=30, examples=list(EXAMPLES), search=search
        )
        for search in ("direct", "latent-gp")
    }
    grid = plane.evaluate_plane(studies["direct"], objective, size=9, picture_size=110)
    plane.save_contours(grid, studies, OUT / "plane-contour.png", label="lift to drag")
    plane.save_montage(grid, studies, OUT / "plane-montage.png")


def main() -> None:
    """Draw them all."""
    OUT.mkdir(exist_ok=True)
    for draw in (charts, norms, airfoils, better, polar, constraints, front, searches):
        path = OUT / f"{draw.__name__}.png"
        draw().savefig(path)
        print(path)
    planes()


if __name__ == "__main__":
    main()
