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
