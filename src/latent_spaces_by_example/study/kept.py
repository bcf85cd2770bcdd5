"""Keep an output with the numbers that make it again, bit for bit."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta, Struct

from latent_spaces_by_example import __version__
from latent_spaces_by_example.errors import ArgumentError, StudyError
from latent_spaces_by_example.study.evaluation import generated
from latent_spaces_by_example.study.opening import open_study
from latent_spaces_by_example.study.output_files import files_of
from latent_spaces_by_example.study.proposals import checked_weights
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import Settings
from latent_spaces_by_example.study.stored_seeds import as_attributes
from latent_spaces_by_example.study.study import Study

FORMAT = 1
_MOST_BYTES = 256 * 2**20


class Kept(Struct, frozen=True, kw_only=True):
    """All that makes one output again.

    Attributes:
        format: of this file.
        study: name of the study.
        trial: its number there; None for a point that is no trial.
        weights: over the study's seed latents.
        settings: of the study: its generator, its random seed and those of its seed latents.
        seed_latents: of examples that have no random seed, in the form in which a study stores
            them; empty otherwise.
        sha256: of the output's file.
        suffix: of that file.
        version: of this library.
    """

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    study: Annotated[str, Meta(min_length=1, max_length=4096)]
    trial: Annotated[int, Meta(ge=0)] | None = None
    weights: Annotated[tuple[float, ...], Meta(min_length=1, max_length=50_000)]
    settings: dict[str, Any]
    seed_latents: dict[str, str] = {}
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    suffix: Annotated[str, Meta(pattern=r"^\.?[A-Za-z0-9]{0,16}$")]
    version: str = __version__

    @classmethod
    def from_file(cls, path: Path) -> Kept:
        """Read a file that :func:`keep` wrote.

        Raises:
            ArgumentError: there is none, or it is too large.
            StudyError: it is damaged.
        """
        if not path.is_file():
            raise ArgumentError(f"KEPT {str(path)!r}: there is no such file")
        if path.stat().st_size > _MOST_BYTES:
            raise ArgumentError(f"KEPT {str(path)!r} has more than {_MOST_BYTES >> 20} MiB")
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise StudyError(f"the values of {path.name!r} are damaged: {error}") from error


def keep(study: Study, weights: Any, *, to: Path, number: int | None = None) -> list[Path]:
    """Make an output once more, alone, and write it with the numbers that make it again.

    Written are the output in its field's format, ``NAME.json`` for :func:`remake`, and ``NAME.png``
    if it can be drawn.

    Args:
        study: the study.
        weights: over its seed latents, shape (K,).
        to: a folder, made if it is not there.
        number: of the trial at these weights, if there is one.

    Returns:
        The files, the output first and the JSON file second.

    Raises:
        StudyError: the output can be written in no format.
    """
    row = np.asarray(weights, dtype=np.float64)
    contents = _contents(study, row)
    suffix = _own_suffix(contents)
    given = study.settings.examples
    has_seeds = all(facts.random_seed is not None for facts in given)
    kept = Kept(
        study=study.name,
        trial=number,
        weights=tuple(row.tolist()),
        settings=study.settings.to_json(),
        seed_latents={} if has_seeds else as_attributes(study.seeds.examples, any_size=True),
        sha256=hashlib.sha256(contents[suffix]).hexdigest(),
        suffix=suffix,
    )
    to.mkdir(parents=True, exist_ok=True)
    stem = f"trial-{number:05d}" if number is not None else f"point-{kept.sha256[:8]}"
    return _written(contents, kept, to=to, stem=stem)


def remake(path: Path, *, to: Path, generator: Any = None) -> tuple[list[Path], bool]:
    """Make a kept output again from its numbers.

    Args:
        path: the JSON file.
        to: a folder to write to.
        generator: the one that made it, if it does not come along with the library.

    Returns:
        The files, and whether the output's is the same to the last bit.

    Raises:
        StudyError: the file is damaged, or the generator is another one.
    """
    kept = Kept.from_file(path)
    settings = Settings.from_json(kept.settings)
    checked_weights([kept.weights], who=f"{path.name} has")
    records = Records.create(None, name=kept.study, settings=settings, attributes=kept.seed_latents)
    study = open_study(storage=records.storage, name=kept.study, generator=generator)
    contents = _contents(study, np.asarray(kept.weights))
    suffix = _own_suffix(contents)
    same = hashlib.sha256(contents[suffix]).hexdigest() == kept.sha256
    to.mkdir(parents=True, exist_ok=True)
    return _written(contents, kept, to=to, stem=path.stem), same


def _contents(study: Study, weights: np.ndarray) -> dict[str, bytes]:
    # alone: in a batch rounding may differ
    output = generated(study.generator, study.latents(weights[None]))[0]
    files = files_of(study.generator, output)
    if files.contents:
        return dict(files.contents)
    if isinstance(output, dict | str):
        return {".json": json.dumps(output, indent=1, default=str).encode()}
    raise StudyError(
        f"an output of type {type(output).__name__} can be written in no format; give the "
        "generator save(output, path)" + "".join(f"; {text}" for text in files.warnings)
    )


def _own_suffix(contents: dict[str, bytes]) -> str:
    return next((suffix for suffix in contents if suffix != ".png"), ".png")


def _written(contents: dict[str, bytes], kept: Kept, *, to: Path, stem: str) -> list[Path]:
    suffix = _own_suffix(contents)
    # the output of a generator of tables is itself JSON
    own = to / (f"{stem}.output.json" if suffix == ".json" else f"{stem}{suffix}")
    text = msgspec.json.format(msgspec.json.encode(kept), indent=1)
    files = {own: contents[suffix], to / f"{stem}.json": text}
    if ".png" in contents:
        files[to / f"{stem}.png"] = contents[".png"]
    for path, content in files.items():
        path.write_bytes(content)
    return list(files)
