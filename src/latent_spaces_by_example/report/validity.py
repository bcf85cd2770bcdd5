"""The report's panel on validity: are the candidates what the model would draw?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

import numpy as np

from latent_spaces_by_example.study import Study, Trial
from latent_spaces_by_example.study.candidate_check import validity_summary
from latent_spaces_by_example.validity.candidates import OFF_THE_LAW, is_typical, norm_range

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 220, 52, 36, 10
_KINDS = {
    "typical": ("var(--trial)", "follows the model's law"),
    "unusual": ("var(--example)", "departs from it only as far as the examples do"),
    "faulty": ("var(--best)", "not what was promised"),
}
_FIGURES = {
    "norm_z": "norm",
    "mean_z": "mean of the elements",
    "kurtosis_z": "weight of the tails",
    "neighbours_z": "correlation of neighbours",
}
_MOST_FAULTS = 20


def validity_panel(study: Study) -> str:
    """HTML on the validity of every candidate: a sentence, a picture of norms, two tables.

    Self-contained and escaped, without a heading. Empty for a study of before its trials kept
    validity figures.
    """
    trials = [trial for trial in study.trials if trial.validity or trial.invalid]
    if not trials:
        return ""
    parts = [
        f'<p class="lead">{escape(validity_summary(trials))}.</p>',
        _norms(trials, num_dims=study.seeds.num_latent_dims),
        _figure_table(trials),
        _fault_table(trials),
        '<p class="note">Each candidate\'s inner latent is read back from what the generator is '
        "given, and compared with what the combination of seed latents promised and with the "
        f"model's law. A z-score is standard Gaussian under the law; beyond {OFF_THE_LAW:g} it is "
        "off the law. A norm of 1 is what the model expects.</p>",
    ]
    return "\n".join(part for part in parts if part)


def _kind(trial: Trial) -> str:
    if trial.invalid is not None:
        return "faulty"
    return "typical" if is_typical(trial.validity) else "unusual"


def _norms(trials: Sequence[Trial], *, num_dims: int) -> str:
    """Norm over the expected one by trial, with the range that counts as the law's."""
    shown = [trial for trial in trials if "norm" in trial.validity]
    if not shown:
        return ""
    low, high = norm_range(num_dims)
    norms = [trial.validity["norm"] for trial in shown]
    bottom, top = min(low, *norms), max(high, *norms)
    margin = 0.05 * (top - bottom)
    bottom, top = bottom - margin, top + margin
    last = max(1, max(trial.number for trial in shown))

    def x(number: int) -> float:
        return _LEFT + 8 + number / last * (_WIDTH - _LEFT - 24)

    def y(norm: float) -> float:
        return _TOP + (top - norm) / (top - bottom) * (_HEIGHT - _TOP - _BOTTOM)

    band = (
        f'<rect x="{_LEFT}" y="{y(high):.1f}" width="{_WIDTH - _LEFT - 8}" '
        f'height="{y(low) - y(high):.1f}" fill="var(--prior)" fill-opacity="0.2"/>'
    )
    marks = "".join(
        _mark(_kind(trial), x(trial.number), y(trial.validity["norm"]), trial) for trial in shown
    )
    title = "norm of each candidate's inner latent over the expected one, by trial"
    return (
        f'<svg role="img" aria-label="{escape(title)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'style="max-width:{_WIDTH}px;width:100%" font-size="11">'
        f"<title>{escape(title)}</title>{band}"
        f"{''.join(_axes(bottom, top, last, y=y, x=x))}{marks}</svg>{_legend(shown)}"
    )


def _axes(
    bottom: float,
    top: float,
    last: int,
    *,
    x: Callable[[int], float],
    y: Callable[[float], float],
) -> Iterator[str]:
    for norm in _ticks(bottom, top):
        yield (
            f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y(norm):.1f}" y2="{y(norm):.1f}" '
            f'stroke="var(--hair)"/><text x="{_LEFT - 6}" y="{y(norm) + 4:.1f}" '
            f'text-anchor="end">{norm:.4g}</text>'
        )
    for number in sorted({0, last // 2, last}):
        yield (f'<text x="{x(number):.1f}" y="{_HEIGHT - 18}" text-anchor="middle">{number}</text>')
    yield f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 3}" text-anchor="middle">trial</text>'
    yield (
        f'<text transform="translate(11 {(_HEIGHT - _BOTTOM) / 2}) rotate(-90)" '
        'text-anchor="middle">norm / expected</text>'
    )


def _ticks(bottom: float, top: float) -> Iterator[float]:
    rough = (top - bottom) / 4.0
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(min((m * power for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough)))
    for count in range(int(np.ceil(bottom / step)), int(np.floor(top / step)) + 1):
        yield count * step


def _mark(kind: str, x: float, y: float, trial: Trial) -> str:
    """A dot, a diamond or a cross, so that colour is not all that tells them apart."""
    colour = _KINDS[kind][0]
    said = trial.invalid or _KINDS[kind][1]
    title = f"<title>trial {trial.number}: {trial.validity['norm']:.4g}, {escape(said)}</title>"
    if kind == "typical":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">{title}</circle>'
    path = "m0-4.5 4.5 4.5-4.5 4.5-4.5-4.5z" if kind == "unusual" else "m-4-4 8 8m0-8-8 8"
    paint = f'fill="{colour}"' if kind == "unusual" else f'stroke="{colour}" stroke-width="2.5"'
    return f'<path d="M{x:.1f} {y:.1f}{path}" {paint}>{title}</path>'


def _legend(shown: Sequence[Trial]) -> str:
    symbols = {"typical": "&#9679;", "unusual": "&#9670;", "faulty": "&#10005;"}
    kinds = {_kind(trial) for trial in shown}
    items = [
        f'<span style="color:{colour}">{symbols[kind]}</span> {escape(words)}'
        for kind, (colour, words) in _KINDS.items()
        if kind in kinds
    ]
    items.append('<span style="color:var(--prior)">&#9632;</span> norms within the model\'s law')
    return f'<p class="note">{" &#160; ".join(items)}</p>'


def _figure_table(trials: Sequence[Trial]) -> str:
    rows = []
    for name, words in _FIGURES.items():
        found = [trial for trial in trials if name in trial.validity]
        if not found:
            continue
        zs = [trial.validity[name] for trial in found]
        furthest = max(found, key=lambda trial: abs(trial.validity[name]))
        off = sum(abs(z) > OFF_THE_LAW for z in zs)
        rows.append(
            [
                words,
                f"{np.median(zs):+.2f}",
                f"{furthest.validity[name]:+.2f} (trial {furthest.number})",
                str(off),
            ]
        )
    return _table(["z-score of", "median", "furthest", "candidates off the law"], rows)


def _fault_table(trials: Sequence[Trial]) -> str:
    faults = [trial for trial in trials if trial.invalid is not None]
    rows = [[str(trial.number), trial.invalid or ""] for trial in faults[:_MOST_FAULTS]]
    if len(faults) > _MOST_FAULTS:
        rows.append(["...", f"and {len(faults) - _MOST_FAULTS} more, in history.csv"])
    return _table(["trial", "what is wrong with its latent"], rows, kind=' class="words"')


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, kind: str = "") -> str:
    if not rows:
        return ""
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += [
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    ]
    return f'<div class="scroll"><table{kind}>{"".join(lines)}</table></div>'
