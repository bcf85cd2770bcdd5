"""A local page on which a person explores a study and chooses by taste."""

from latent_spaces_by_example.explore.page_server import PageServer
from latent_spaces_by_example.study.kept import Kept, keep, remake

__all__ = ["Kept", "PageServer", "keep", "remake"]
