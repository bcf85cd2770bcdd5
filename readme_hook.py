"""Point the links of the README at the repository, for where the package's page shows it."""

import re
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)(\[[^\]]*\]\()(?!https?:)([^)]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Fill in ``readme``: relative links become links to the repository."""

    def update(self, metadata: dict) -> None:
        """Set the readme."""
        repository = metadata["urls"]["Repository"]

        def absolute(link: re.Match[str]) -> str:
            picture, text, path = link.groups()
            return f"{picture}{text}{repository}/{'raw' if picture else 'blob'}/main/{path})"

        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": _LINK.sub(absolute, text),
        }
