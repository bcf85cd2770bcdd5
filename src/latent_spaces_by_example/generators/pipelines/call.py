"""Work out what a pipeline is called with, and refuse what it would ignore or cut off."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.pipelines.pipeline_settings import PipelineSettings
from latent_spaces_by_example.parameters import near

_OURS = {
    "latents": "it is what generate(z) gives",
    "generator": "it is held fixed",
    "output_type": "outputs are arrays",
    "return_dict": "outputs are arrays",
    "num_images_per_prompt": "there is one output for each latent",
    "num_videos_per_prompt": "there is one output for each latent",
    "num_waveforms_per_prompt": "there is one output for each latent",
    "num_inference_steps": "give steps=",
    "num_frames": "give frames=",
    "audio_end_in_s": "give seconds=",
}
# ours -> what pipelines call it, the first that one takes
_CALLED: dict[str, tuple[str, ...]] = {
    "steps": ("num_inference_steps",),
    "guidance": ("guidance_scale", "true_cfg_scale"),
    "height": ("height",),
    "width": ("width",),
    "frames": ("num_frames", "video_length", "frames"),
    "seconds": ("audio_end_in_s", "audio_length_in_s"),
}
_TOKENIZERS = ("tokenizer", "tokenizer_2", "tokenizer_3")
_LEAST_PLAUSIBLE = 1_000_000  # tokenizers without a limit say something like 1e30


def check_names(kind: type, settings: PipelineSettings) -> None:
    """Refuse arguments that pipelines of this class do not take; before anything is loaded.

    Raises:
        ArgumentError: with the nearest name.
    """
    taken = [name for name in inspect.signature(kind.__call__).parameters if name != "self"]
    own = [name for name in vars(settings) if name != "call"]
    for name in settings.call:
        if name in _OURS:
            raise ArgumentError(f"{name} cannot be given: {_OURS[name]}")
    for name in [*settings.texts, *settings.call]:
        if name not in taken:
            raise ArgumentError(f"{kind.__name__} takes no {name!r}{near(name, [*taken, *own])}")


def call_arguments(
    pipeline: Any,
    settings: PipelineSettings,
    *,
    carried: Iterable[str] = tuple(_CALLED),
    guidance: tuple[str, ...] = _CALLED["guidance"],
    own: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what the pipeline is called with besides latents, by its own names.

    Args:
        pipeline: a diffusers pipeline.
        settings: what was asked for.
        carried: the settings that are arguments of the call.
        guidance: what the pipeline may call the guidance scale.
        own: arguments that the library gives, and nobody else may.

    Raises:
        ArgumentError: an argument that it lacks or needs, or a prompt that it would cut off.
    """
    kind, who = type(pipeline), type(pipeline).__name__
    check_names(kind, settings)
    for name in set(own) & set(settings.call):
        raise ArgumentError(
            f"{name} cannot be given: it would make another size, of other latents, and crop that"
        )
    taken = inspect.signature(kind.__call__).parameters
    arguments: dict[str, Any] = {**own, **settings.texts}
    for ours in carried:
        value, names = getattr(settings, ours), guidance if ours == "guidance" else _CALLED[ours]
        theirs = next((name for name in names if name in taken), None)
        if value is None:
            continue
        if theirs is None:
            raise ArgumentError(f"{ours}={value!r} was given, but {who} has none")
        arguments[theirs] = value
    arguments |= settings.call
    needed = [
        name
        for name, p in taken.items()
        if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    lacking = [name for name in needed if name != "self" and name not in arguments]
    if lacking:
        raise ArgumentError(f"{' and '.join(lacking)} missing: {who} needs {lacking[0]}=...")
    check_prompts(pipeline, arguments)
    return arguments


def default_steps(pipeline: Any) -> Any:
    """Return how many steps a pipeline takes unless it is told; None if it does not say."""
    steps = inspect.signature(type(pipeline).__call__).parameters.get("num_inference_steps")
    return None if steps is None else steps.default


@contextmanager
def quiet(pipeline: Any) -> Iterator[None]:
    """Hide the pipeline's progress bar: one for each candidate is one too many."""
    before = dict(getattr(pipeline, "_progress_bar_config", {}))
    pipeline.set_progress_bar_config(**{**before, "disable": True})
    try:
        yield
    finally:
        pipeline.set_progress_bar_config(**before)


def check_prompts(pipeline: Any, arguments: Mapping[str, Any]) -> None:
    """Refuse prompts that the pipeline would cut off.

    Raises:
        ArgumentError: with how long they are and may be.
    """
    for name in ("prompt", "negative_prompt"):
        if name in arguments:
            _check_length(pipeline, arguments[name], argument=name, arguments=arguments)


def _check_length(
    pipeline: Any, prompt: str, *, argument: str, arguments: Mapping[str, Any]
) -> None:
    """Refuse a prompt that no text encoder of the pipeline sees whole.

    A short encoder beside a long one (CLIP beside T5, in FLUX) may be cut: that is how those
    models are used.
    """
    over = []
    longest = inspect.signature(type(pipeline).__call__).parameters.get("max_sequence_length")
    for tokenizer in (getattr(pipeline, name, None) for name in _TOKENIZERS):
        if not callable(tokenizer) or not hasattr(tokenizer, "model_max_length"):
            continue
        limit = int(min(tokenizer.model_max_length, _LEAST_PLAUSIBLE))
        # CLIP's length is built into its positions; the others read what the call asks for
        if longest is not None and "CLIP" not in type(tokenizer).__name__:
            limit = int(arguments.get("max_sequence_length", longest.default))
        if limit < _LEAST_PLAUSIBLE:
            count = len(tokenizer(prompt, truncation=False, verbose=False).input_ids)
            if count <= limit:
                return
            over.append((limit, count))
    if over:
        limit, count = max(over)
        more = "" if longest is None else ", or give max_sequence_length"
        raise ArgumentError(
            f"{argument} is too long: it has {count} tokens and {type(pipeline).__name__} reads at "
            f"most {limit}, so that its end would be ignored ({prompt[:40]!r}...): shorten it{more}"
        )
