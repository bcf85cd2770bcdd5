"""Diagnostics: whether a generator is what a study takes it to be."""

from latent_spaces_by_example.diagnostics.determinism import (
    DeterminismReport,
    check_determinism,
    require_determinism,
)

__all__ = ["DeterminismReport", "check_determinism", "require_determinism"]
