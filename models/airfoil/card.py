"""Writes the measured figures into CARD.md, so that the card cannot say anything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BEGIN, END = "<!-- figures: written by evaluate.py -->", "<!-- end of figures -->"


def rows_of(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What, wanted, measured."""
    made, costs = figures["prior samples"], figures["costs"]
    ks, trip = made["ks distance to the database"], figures["held-out round trip"]
    latents, near = figures["held-out latents"], figures["distance to the nearest training section"]
    norm = latents["norm over sqrt(d)"]

    def spread(row: dict[str, float]) -> str:
        return f"{row['median']:.3g} ({row['low5']:.2g} to {row['high95']:.2g})"

    return [
        ("latent dimensions", "at least 24", f"{figures['latent dimensions']}"),
        ("parameters", "", f"{figures['parameters']:,}"),
        ("files", "at most 4 MB", f"{costs['files in bytes'] / 1e6:.2f} MB"),
        (
            "load, fresh process after `import numpy`",
            "under 0.5 s",
            f"{costs['load in seconds, median of 5 processes']:.2f} s",
        ),
        (
            "sections a second, one thread, batch of 500",
            "at least 200",
            f"{costs['sections a second, one thread, batch of 500']:.0f}",
        ),
        (
            "inversions a second, likewise",
            "",
            f"{costs['inverted a second, one thread, batch of 500']:.0f}",
        ),
        (
            "valid, of 10,000 prior samples",
            "at least 99.5 %",
            f"{100 * made['valid share']:.2f} %",
        ),
        (
            "roughness over the database's, medians",
            "at most 1.2",
            f"{made['roughness over that of the database, medians']:.2f}",
        ),
        *(
            (f"KS distance to the database: {name}", "at most 0.1", f"{d:.3f}")
            for name, d in ks.items()
        ),
        *(
            (f"RMS to the nearest training section: {name}", "", spread(near[name]))
            for name in near
        ),
        ("held-out round trip, median RMS", "at most 1e-4", f"{trip['median']:.1e}"),
        ("held-out round trip, 95th percentile", "at most 5e-4", f"{trip['high95']:.1e}"),
        ("held-out round trip, worst", "", f"{trip['worst']:.1e}"),
        (
            "held-out latents, norm / sqrt(d): median (5 % to 95 %)",
            "0.85 to 1.15",
            spread(norm),
        ),
        (
            "held-out latents that pass Kolmogorov-Smirnov at 1 %",
            "at least 85 %",
            f"{100 * latents['ks pass share at 1 %']:.1f} %",
        ),
        (
            "training latents, norm / sqrt(d): median (5 % to 95 %)",
            "",
            spread(figures["training latents"]["norm over sqrt(d)"]),
        ),
        ("20 Heun steps against 160, median RMS", "", f"{figures['error of the Heun steps']:.1e}"),
    ]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_figures(figures: dict[str, Any], card: Path) -> None:
    """Replace what stands between the two marks."""
    named = [
        (name, f"{row['round trip']:.1e}", f"{row['norm over sqrt(d)']:.2f}")
        for name, row in figures["named sections"].items()
    ]
    outliers = [
        (
            row["name"],
            f"{row['ks p']:.1e}",
            f"{row['norm over sqrt(d)']:.2f}",
            f"{row['round trip']:.1e}",
        )
        for row in figures["held-out outliers"]
    ]
    text = card.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    body = "\n\n".join(
        [
            table(("figure", "wanted", "measured"), rows_of(figures)),
            "Held-out sections that fail the Kolmogorov-Smirnov test at 1 % "
            "(or come back worse than 5e-4 chord):",
            table(("section", "KS p", "norm / sqrt(d)", "round trip"), outliers),
            "Sections that people name (most of them were trained on):",
            table(("section", "round trip, RMS", "norm / sqrt(d)"), named),
        ]
    )
    card.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")
