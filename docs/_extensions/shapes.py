"""Keep shapes such as (n, *latent_shape) as they stand: their star begins no emphasis."""


def _escape(_app, _what, _name, _object, _options, lines):
    for number, line in enumerate(lines):
        parts = line.split("``")
        parts[::2] = [part.replace("*latent_shape", r"\*latent_shape") for part in parts[::2]]
        lines[number] = "``".join(parts)


def setup(app):
    """Escape the shapes in every docstring."""
    app.connect("autodoc-process-docstring", _escape, priority=400)
    return {"parallel_read_safe": True}
