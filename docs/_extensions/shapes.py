"""Keep shapes such as (n, *latent_shape) as they stand: their star begins no emphasis."""


def _escape(lines):
    for number, line in enumerate(lines):
        parts = line.split("``")
        parts[::2] = [part.replace("*latent_shape", r"\*latent_shape") for part in parts[::2]]
        lines[number] = "``".join(parts)


def setup(app):
    """Escape the shapes in every docstring, and in the help of every command."""
    app.connect("autodoc-process-docstring", lambda *event: _escape(event[-1]), priority=400)
    app.connect("sphinx-click-process-description", lambda *event: _escape(event[-1]))
    return {"parallel_read_safe": True}
