"""Colours and sizes that every picture shares: one thing has one colour everywhere."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, PALE = "#4a5568", "#94a3b8"  # text and axes; what is there for comparison
GIVEN, FOUND = "#1d4ed8", "#c2410c"  # the examples; what the search made of them
THIRD, FOURTH = "#0f766e", "#7c3aed"
GIVEN_WASH, FOUND_WASH = "#dbeafe", "#ffedd5"
WIDTH = 7.66  # inches: 736 px, the width of the text at 96 px an inch

RC = {
    "figure.dpi": 96,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "font.size": 12,
    "axes.titlesize": 12,
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "mathtext.fontset": "cm",
    "svg.hashsalt": "latent-spaces-by-example",
}


def figure_of(height: float, *, width: float = WIDTH) -> Figure:
    """Return an empty figure, ``width`` by ``height`` inches."""
    return Figure(figsize=(width, height))


def draw_section(axes: Axes, section, *, found: bool = False, half_height: float = 0.16) -> None:
    """Draw an airfoil section in the colour of examples, or of what was found."""
    face, edge = (FOUND_WASH, FOUND) if found else (GIVEN_WASH, GIVEN)
    axes.fill(*section.T, facecolor=face, edgecolor=edge, linewidth=1.2)
    axes.set(aspect="equal", xlim=(-0.02, 1.02), ylim=(-half_height * 0.7, half_height * 1.05))
    axes.axis("off")
