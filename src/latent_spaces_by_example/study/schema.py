"""What older versions of this library stored of a study, made into what this one reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from latent_spaces_by_example.errors import StudyError

SCHEMA = 4


def _from_1(values: dict[str, Any]) -> dict[str, Any]:
    # the first studies did not name their array library, and no study kept its outputs
    return {"array_library": "numpy", "artifacts": "all", **values}


def _from_2(values: dict[str, Any]) -> dict[str, Any]:
    # whatever the number of dimensions, they searched the shell alone
    return {"num_hidden_dims": 0, **values}


def _from_3(values: dict[str, Any]) -> dict[str, Any]:
    # nobody could say that scores were noisy
    return {"noisy": False, **values}


# schema -> what makes its settings into those of the next one
_MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_1,
    2: _from_2,
    3: _from_3,
}


def migrated(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a study of any schema up to this version's, as ones of this version's.

    Nothing is written: a study is stored in the new form when it is next run.

    Raises:
        StudyError: a newer version wrote them, or no schema is stored.

    >>> migrated({"schema": 1, "version": "0.2.0"})["schema"] == SCHEMA
    True
    """
    schema = values.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema < 1:
        raise StudyError(f"the study's settings name no schema, but {schema!r}: it is damaged")
    if schema > SCHEMA:
        raise StudyError(
            f"the study has schema {schema}, made by version {values.get('version', 'unknown')} or "
            f"changed by a newer one; this version reads schemas up to {SCHEMA}. Install a newer "
            "one: pip install --upgrade latent-spaces-by-example"
        )
    known = dict(values)
    for step in range(schema, SCHEMA):
        known = {**_MIGRATIONS[step](known), "schema": step + 1}
    return known
