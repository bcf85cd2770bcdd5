"""The gallery: each command is run, and its best output stands beside it on the page."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from matplotlib.figure import Figure

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.cli import main as lsbe_command

from .style import INK, draw_section

_HEAD = """\
# Gallery

Each result stands with the command that made it. Every command takes a minute or two on one core;
`python docs/make_pictures.py gallery` runs them all and writes this page.

::::{container} doors
"""
_CARD = """\
:::{{container}}
**{title}**

```{{image}} pictures/gallery-{name}.png
:class: drawing
:alt: {title}.
```

{verdict}

```console
$ lsbe {command}
```
:::
"""


@dataclass(frozen=True)
class Find:
    """One card: a command without its run folder, and what is said of its best trial."""

    name: str
    title: str
    command: str
    verdict: str


FINDS = (
    Find(
        "between-three",
        "The best between three airfoils",
        "optimise airfoil --examples naca2412,s1223,rae2822 --budget 100",
        "Lift over drag {score:.0f}; the best of the three has {start:.0f}.",
    ),
    Find(
        "anywhere",
        "The best of everything that the model draws",
        "optimise airfoil --budget 200",
        "Lift over drag {score:.0f}; the best of the first eight draws has {start:.0f}.",
    ),
    Find(
        "glider",
        "A section for a slow glider",
        "optimise airfoil --objective lift-to-drag:cl=1.2,reynolds=2e5 --budget 150",
        "Lift over drag {score:.0f} at a Reynolds number of 200,000; {start:.0f} among 8 draws.",
    ),
    Find(
        "leaning-three",
        "A 3 that leans to the right",
        "optimise digits --objective digit-margin:digit=3,slant=30 --budget 150",
        "A slant of {slant:.0f} degrees, and a margin of {margin:.1f} over any other digit.",
    ),
    Find(
        "conductor",
        "A conducting microstructure",
        "optimise microstructure:size=48 --budget 100",
        "{share:.0f} % of what any arrangement could conduct; {first:.0f} % among the first eight.",
    ),
    Find(
        "spinodal",
        "The same of waves of one length",
        "optimise microstructure:size=48,spectrum=ring,correlation_length=3 --budget 100",
        "{share:.0f} % of what any arrangement could conduct; {first:.0f} % among the first eight.",
    ),
)


def _picture(study: lsbe.Study) -> Figure:
    figure = Figure(figsize=(2.6, 1.6))
    axes, output = figure.add_subplot(), study.best_output
    if study.generator.name.startswith("airfoil"):
        draw_section(axes, output, found=True, half_height=0.22)
    else:
        axes.imshow(output, cmap="gray_r")
        axes.spines[:].set(visible=True, color=INK)
        axes.set(xticks=[], yticks=[])
    return figure


def draw(pages: Path, pictures: Path) -> None:
    """Run every command, and write ``gallery.md`` and its pictures."""
    cards = []
    for find in FINDS:
        with TemporaryDirectory() as folder:
            run = str(Path(folder) / find.name)
            lsbe_command([*shlex.split(find.command), "--out", run], standalone_mode=False)
            study = lsbe.open_study(run)
            _picture(study).savefig(pictures / f"gallery-{find.name}.png", dpi=144)
            best, scores = study.best_trial, study.scores
            num_first = 3 if "--examples" in find.command else 8
            numbers = {key: value for key, value in best.metrics.items() if key != "score"}
            start = float(np.max(scores[:num_first]))
            numbers |= {"score": best.score, "start": start}
            numbers |= {"share": 100 * best.score, "first": 100 * start}
            verdict = find.verdict.format(**numbers)
        command = f"{find.command} --out runs/{find.name}"
        cards.append(
            _CARD.format(name=find.name, title=find.title, verdict=verdict, command=command)
        )
    (pages / "gallery.md").write_text(_HEAD + "".join(cards) + "::::\n", encoding="utf-8")
