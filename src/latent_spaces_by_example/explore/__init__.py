"""A local page on which a person explores a study and chooses by taste."""

from latent_spaces_by_example.explore.kept import Kept, keep, remake
from latent_spaces_by_example.explore.page_server import PageServer

__all__ = ["Kept", "PageServer", "keep", "remake"]
