"""Draw formulas as SVG by Matplotlib while the site is built, so that they need no network.

The drawings take the colour of the text around them, and a screen reader gets the source.
"""

import io
import re
from functools import cache
from html import escape

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser, math_to_image

_FONT = FontProperties(size=12)
# black is left out of the drawing, which then has the colour of the text
_STYLE = {"mathtext.fontset": "cm", "svg.fonttype": "path", "text.color": "black"}
_EM = 12.0  # points, so that a formula follows the size of the text
# what TeX knows and Matplotlib spells otherwise
_SPELLINGS = {
    r"\lvert": "|",
    r"\rvert": "|",
    r"\textstyle": "",
    r"\tfrac": r"\frac",
    r"\le ": r"\leq ",
    r"\bigl": "",
    r"\bigr": "",
}


def _spelt(formula):
    for tex, mathtext in _SPELLINGS.items():
        formula = formula.replace(tex, mathtext)
    return " ".join(formula.split())


@cache
def _drawn(formula):
    """Return the formula as an SVG element whose baseline is that of the text."""
    source = f"${_spelt(formula)}$"
    with rc_context(_STYLE):
        width, height, depth, *_ = MathTextParser("path").parse(source, dpi=72, prop=_FONT)
        file = io.StringIO()
        math_to_image(source, file, prop=_FONT, format="svg")
    svg = file.getvalue()
    box = re.search(r'viewBox="([^"]+)"', svg)[1]
    body = svg[svg.index('<g id="figure_1">') : svg.rindex("</svg>")]
    body = re.sub(r'<g id="patch_1">.*?</g>', "", body, flags=re.DOTALL)  # the background
    style = (
        f"width:{width / _EM:.3f}em;height:{height / _EM:.3f}em;vertical-align:{-depth / _EM:.3f}em"
    )
    return (
        f'<svg class="formula" role="img" aria-label="{escape(formula)}" style="{style}" '
        f'viewBox="{box}" xmlns:xlink="http://www.w3.org/1999/xlink">{body}</svg>'
    )


def _inline(translator, node):
    translator.body.append(_drawn(node.astext()))
    raise _skip()


def _block(translator, node):
    translator.body.append(f'<div class="formula-block">{_drawn(node.astext())}</div>')
    raise _skip()


def _skip():
    from docutils.nodes import SkipNode

    return SkipNode


def setup(app):
    """Register the renderer under the name ``mathtext``."""
    app.add_html_math_renderer("mathtext", (_inline, None), (_block, None))
    return {"parallel_read_safe": True}
