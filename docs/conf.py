"""Sphinx configuration."""

import os
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from jupyter_cache import get_cache
from sphinx.util.parallel import make_chunks

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))
# tutorials run in kernels of their own, which inherit these
os.environ["MATPLOTLIBRC"] = str(HERE / "matplotlibrc")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["EXAMPLES"] = str(HERE.parent / "examples")
os.environ["RESULTS"] = str(HERE.parent / "benchmarks" / "results")
os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")

project = "latent-spaces-by-example"
author = "The latent-spaces-by-example developers"
release = version = version_of(project)
repository = "https://github.com/sam-willis/latent-spaces-by-example"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "mathtext",
    "shapes",
]
exclude_patterns = ["_build", "_templates"]
templates_path = ["_templates"]
default_role = None

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE / "_build" / "notebooks")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # of one cell, on a busy machine
nb_merge_streams = True
nb_render_markdown_format = "myst"
nb_output_stderr = "remove"  # warnings of progress bars and the like

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True, "show-inheritance": True}
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_use_rtype = False

smartquotes = False  # they would turn --option into a dash
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["copy.js"]
html_favicon = "_static/logo-light.svg"
html_math_renderer = "mathtext"
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    "light_logo": "logo-light.svg",
    "dark_logo": "logo-dark.svg",
    "source_repository": repository,
    "source_branch": "main",
    "source_directory": "docs/",
    "footer_icons": [{"name": "Repository", "url": repository, "html": "Repository", "class": ""}],
}


def deal_notebooks(app, env, docnames):
    """Give each process of ``sphinx-build -j`` as many notebooks as the others.

    Processes take neighbours in this list, and by name all tutorials are neighbours.
    """
    docnames.sort(key=lambda name: "file_format: mystnb" in env.doc2path(name).read_text("utf-8"))
    hands = len(make_chunks(docnames, app.parallel))
    docnames[:] = [name for hand in range(hands) for name in docnames[hand::hands]]
    _ = get_cache(nb_execution_cache_path).db  # made once, before several processes find none


def setup(app):
    """Deal the notebooks to the processes."""
    app.connect("env-before-read-docs", deal_notebooks)
