"""The library's own errors: each names what was wrong, what was expected and what to do."""

from __future__ import annotations


class LatentSpacesError(Exception):
    """Base of every error that this library raises on purpose."""


class ArgumentError(LatentSpacesError, ValueError):
    """An argument has the wrong shape, type or value."""


class OutsideSpaceError(ArgumentError):
    """A latent or a weight vector does not lie in the space that was asked about."""


class MissingPackageError(LatentSpacesError, ImportError):
    """An optional package is needed; the message holds the one line that installs it."""


class StudyError(LatentSpacesError):
    """A study cannot be created, opened or continued."""


class EvaluationError(LatentSpacesError):
    """The generator or the objective failed so often that going on makes no sense."""


class GeneratorError(LatentSpacesError):
    """A generator cannot make its outputs, or they are no function of its latents."""


class SamplerChangedError(LatentSpacesError):
    """A recorded sampler draws, or makes, something else than it did when it was recorded."""


class StopStudy(Exception):
    """Raised by a callback to end a run cleanly; what is stored stays."""
