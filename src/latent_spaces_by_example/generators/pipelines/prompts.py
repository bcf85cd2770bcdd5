"""Prompts that a pipeline would cut off without an error."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from latent_spaces_by_example.errors import ArgumentError

_TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3")
_LEAST_PLAUSIBLE = 1_000_000  # tokenizers without a limit say something like 1e30


def check_prompt(
    pipeline: Any, prompt: str, *, argument: str, arguments: Mapping[str, Any]
) -> None:
    """Refuse a prompt that no text encoder of the pipeline sees whole.

    A short encoder beside a long one (CLIP beside T5, in FLUX) may be cut: that is how those
    models are used.

    Args:
        pipeline: a diffusers pipeline.
        prompt: the text.
        argument: what the caller calls it, for the message.
        arguments: what the pipeline is called with; ``max_sequence_length`` counts.

    Raises:
        ArgumentError: with how many tokens it has, and how many it may have.
    """
    over = []
    for tokenizer, limit in _limits(pipeline, arguments):
        count = len(tokenizer(prompt, truncation=False, verbose=False).input_ids)
        if count <= limit:
            return
        over.append((limit, count))
    if over:
        limit, count = max(over)
        raise ArgumentError(
            f"{argument} is too long: it has {count} tokens and {type(pipeline).__name__} reads "
            f"at most {limit}, so that its end would be ignored ({prompt[:40]!r}...): shorten it"
            + (", or give max_sequence_length" if _has_length(pipeline) else "")
        )


def _has_length(pipeline: Any) -> bool:
    return "max_sequence_length" in inspect.signature(type(pipeline).__call__).parameters


def _limits(pipeline: Any, arguments: Mapping[str, Any]) -> list[tuple[Any, int]]:
    """Each tokenizer, with how many tokens of it the pipeline reads."""
    found = [getattr(pipeline, name, None) for name in _TOKENIZERS]
    tokenizers = [t for t in found if callable(t) and hasattr(t, "model_max_length")]
    limits = []
    for tokenizer in tokenizers:
        limit = int(min(tokenizer.model_max_length, _LEAST_PLAUSIBLE))
        # CLIP's length is built into its positions; the others read what the call asks for
        if _has_length(pipeline) and "CLIP" not in type(tokenizer).__name__:
            default = inspect.signature(type(pipeline).__call__).parameters["max_sequence_length"]
            limit = int(arguments.get("max_sequence_length", default.default))
        if limit < _LEAST_PLAUSIBLE:
            limits.append((tokenizer, limit))
    return limits
