"""The pictures of the site: one function each, drawn by ``make_pictures.py``."""
