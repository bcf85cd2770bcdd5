"""The command ``lsbe``."""

from latent_spaces_by_example.cli.main import main

__all__ = ["main"]
