"""Sphinx configuration."""

from importlib.metadata import version as version_of

project = "latent-spaces-by-example"
author = "The latent-spaces-by-example developers"
release = version_of(project)
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_use_rtype = False
nitpicky = False

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = project
html_static_path: list[str] = []


def _escape_shapes(_app, _what, _name, _obj, _options, lines: list[str]) -> None:
    """Shapes such as (n, *latent_shape) are no emphasis; a terminal shows them as they stand."""
    for number, line in enumerate(lines):
        parts = line.split("``")
        parts[::2] = [part.replace("*latent_shape", r"\*latent_shape") for part in parts[::2]]
        lines[number] = "``".join(parts)


def setup(app) -> None:
    """Run the above on every docstring."""
    app.connect("autodoc-process-docstring", _escape_shapes, priority=400)
