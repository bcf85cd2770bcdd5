"""The command ``lsbe``."""

from latent_spaces_by_example.cli.commands import main

__all__ = ["main"]
