"""The table and the pictures of a comparison, from ``runs.csv``."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
import matplotlib.pyplot as plt
from runs import read

DEFAULT = "default"
_PACKAGES = ("numpy", "scipy", "optuna", "cmaes", "torch", "botorch", "gpytorch")
Repeats = dict[int, np.ndarray]
Runs = dict[tuple[str, int, str], Repeats]


def write(path: Path, out: Path) -> None:
    """Write ``table.md`` and one picture for each task beside ``runs.csv``."""
    runs: Runs = {}
    for cell, curve in read(path).items():
        runs.setdefault((cell.task, cell.budget, cell.method), {})[cell.repeat] = curve
    tasks = list(dict.fromkeys(task for task, _, _ in runs))
    sections = [_machine(), _shares(runs), _losses(runs)]
    sections += [_table(task, runs) for task in tasks]
    (out / "table.md").write_text("\n\n".join(sections) + "\n")
    for task in tasks:
        _picture(task, runs, out / f"{task}.png")


def _machine() -> str:
    found = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return (
        f"Python {platform.python_version()}, {', '.join(found)}; {platform.machine()}, one core "
        "to a run. A cell is the median of the best score over the repeats (5th to 95th "
        "percentile); the difference is the median over repeats of the method's best score less "
        "the default's, both from the same prior draws. Bold: the best median."
    )


def _shares(runs: Runs) -> str:
    """Over all tasks, the gain over best-of-N as a share of the best method's gain."""
    budgets, methods = _budgets(runs), _methods(runs)
    lines = [
        "Median over tasks of the gain over best-of-N, as a share of the best method's gain:",
        "",
        "| method | " + " | ".join(map(str, budgets)) + " |",
        "|---" * (len(budgets) + 1) + "|",
    ]
    for method in methods:
        cells = []
        for budget in budgets:
            shares = _gain_shares(runs, budget, method)
            cells.append(f"{np.median(shares):.2f}" if shares else "")
        lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _losses(runs: Runs) -> str:
    """Where another method's median is above the default's, and by how much."""
    lines = [
        "Tasks on which the default has the best median, and has not. In brackets the mean over "
        "the repeats that both have of the other's score less the default's, with its standard "
        "error:",
        "",
        "| evaluations | best | not |",
        "|---|---|---|",
    ]
    for budget in _budgets(runs):
        tasks = [
            t
            for t, b, method in runs
            if (b, method) == (budget, DEFAULT) and _rivals(t, budget, runs)
        ]
        lost = [cell for task in tasks if (cell := _loss(task, budget, runs))]
        lines.append(f"| {budget} | {len(tasks) - len(lost)} of {len(tasks)} | {'; '.join(lost)} |")
    return "\n".join(lines)


def _rivals(task: str, budget: int, runs: Runs) -> dict[str, Repeats]:
    """The runs of other methods than the default and its batches, by method."""
    return {
        method: found
        for (t, b, method), found in runs.items()
        if (t, b) == (task, budget) and not method.startswith(DEFAULT)
    }


def _loss(task: str, budget: int, runs: Runs) -> str:
    """The method of the best median if it is not the default's, with both; empty if it is."""
    others = _rivals(task, budget, runs)
    default = runs[task, budget, DEFAULT]
    leader = max(others, key=lambda method: np.median(_final(others[method])))
    best, own = np.median(_final(others[leader])), np.median(_final(default))
    if best <= own:
        return ""
    common = sorted(set(default) & set(others[leader]))
    gaps = np.array([others[leader][i][-1] - default[i][-1] for i in common])
    error = gaps.std(ddof=1) / np.sqrt(len(gaps)) if len(gaps) > 1 else np.nan
    return f"{task}: {leader} {best:.4g} against {own:.4g} ({gaps.mean():+.2g} ± {error:.2g})"


def _gain_shares(runs: Runs, budget: int, method: str) -> list[float]:
    shares = []
    for task in dict.fromkeys(task for task, _, _ in runs):
        medians = {
            name: float(np.median(_final(found)))
            for (t, b, name), found in runs.items()
            if (t, b) == (task, budget)
        }
        if method in medians and "best-of-n" in medians:
            base = medians["best-of-n"]
            top = max(medians.values())
            if top > base:
                shares.append((medians[method] - base) / (top - base))
    return shares


def _table(task: str, runs: Runs) -> str:
    budgets = sorted({budget for t, budget, _ in runs if t == task})
    counts = {len(found) for (t, _, _), found in runs.items() if t == task}
    lines = [
        f"## {task} ({min(counts)} to {max(counts)} repeats)",
        "",
        "| method | " + " | ".join(f"{budget} | difference" for budget in budgets) + " |",
        "|---" * (2 * len(budgets) + 1) + "|",
    ]
    best = {
        budget: max(
            float(np.median(_final(found)))
            for (t, b, _), found in runs.items()
            if (t, b) == (task, budget)
        )
        for budget in budgets
    }
    for method in _methods(runs):
        cells = [_cells(task, budget, method, runs, best[budget]) for budget in budgets]
        if any(cell != " | " for cell in cells):
            lines.append(f"| {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(task: str, budget: int, method: str, runs: Runs, best: float) -> str:
    found = runs.get((task, budget, method))
    if not found:
        return " | "
    low, median, high = np.quantile(_final(found), [0.05, 0.5, 0.95])
    mark = "**" if median >= best else ""
    text = f"{mark}{median:.4g}{mark} ({low:.4g} to {high:.4g})"
    default = runs.get((task, budget, DEFAULT), {})
    common = sorted(set(found) & set(default))
    if method == DEFAULT or not common:
        return f"{text} | "
    difference = np.median([found[i][-1] - default[i][-1] for i in common])
    return f"{text} | {difference:+.3g}"


def _final(found: dict[int, np.ndarray]) -> list[float]:
    return [float(curve[-1]) for curve in found.values()]


def _budgets(runs: Runs) -> list[int]:
    return sorted({budget for _, budget, _ in runs})


def _methods(runs: Runs) -> list[str]:
    return list(dict.fromkeys([DEFAULT, *sorted({method for _, _, method in runs})]))


def _picture(task: str, runs: Runs, path: Path) -> None:
    # the longest that the default, if it was run, was run at often enough; others end where they
    # were run
    of_task = {(b, method): len(repeats) for (t, b, method), repeats in runs.items() if t == task}
    own = {b: number for (b, method), number in of_task.items() if method == DEFAULT}
    own = own or {b: number for (b, _), number in sorted(of_task.items(), key=lambda kv: kv[1])}
    budget = max(b for b, repeats in own.items() if 2 * repeats >= max(own.values()))
    figure, axes = plt.subplots(figsize=(8.5, 4.5), layout="constrained")
    for index, method in enumerate(_methods(runs)):
        lengths = [b for t, b, m in runs if (t, m) == (task, method) and b <= budget]
        if not lengths:
            continue
        curves = np.stack(list(runs[task, max(lengths), method].values()))
        low, median, high = np.nanquantile(curves, [0.25, 0.5, 0.75], axis=0)
        steps = np.arange(1, max(lengths) + 1)
        width = 2.2 if method == DEFAULT else 1.0
        axes.plot(
            steps,
            median,
            color=f"C{index % 10}",
            label=method,
            linewidth=width,
            linestyle="-" if index < 10 else "--",
        )
        if method == DEFAULT:
            axes.fill_between(steps, low, high, color=f"C{index % 10}", alpha=0.2, linewidth=0)
    axes.set(xlabel="evaluations", ylabel="best score so far (median)", title=task)
    start = np.nanmin(
        [
            np.median(list(c.values()), axis=0)[min(9, budget - 1)]
            for (t, b, _), c in runs.items()
            if (t, b) == (task, budget)
        ]
    )
    axes.set_ylim(bottom=float(start))
    figure.legend(fontsize="small", loc="outside right upper")
    figure.savefig(path, dpi=120)
    plt.close(figure)
