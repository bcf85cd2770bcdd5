"""Hold what ``generators.diffusers`` is asked for; write it as a generator's name, and read that.

A name is ``diffusers:SOURCE:key=value,...`` and makes the same generator again, unless a value is
one that no text can hold. Such a value is written ``(python ...)`` with a digest of its content, so
that two of them never share a name, and reading the name says that it cannot be loaded.
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np

from latent_spaces_by_example.arguments import check_whole, checked_number
from latent_spaces_by_example.arrays import host_array
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.parameters import check_choice

if TYPE_CHECKING:
    Text = str
else:
    Text = Any  # run-time type checkers must leave a list of prompts to the message below

DTYPES = ("float32", "float16", "bfloat16")
_WORDS = {"true": True, "false": False, "none": None}
_IN_PYTHON = "(python "
# what outputs do not depend on, so that it is left out of names
_UNNAMED = ("device", "memory", "batch_size", "inversion_iterations", "inversion_error", "call")
_TEXTS = ("prompt", "negative_prompt", "scheduler", "step_noise", "dtype", "variant", "device")


@dataclass(frozen=True, kw_only=True)
class PipelineSettings:
    """Hold everything that ``generators.diffusers`` can be asked for, checked.

    Attributes are the arguments of that function, and ``call``: what else the pipeline's call is
    given, by name.

    Raises:
        ArgumentError: a value of the wrong kind, whatever the pipeline is.
    """

    prompt: Text | None = None
    negative_prompt: Text | None = None
    height: int | None = None
    width: int | None = None
    frames: int | None = None
    seconds: float | int | None = None
    steps: int | None = None
    guidance: float | int | None = None
    scheduler: str | None = None
    step_noise: str = "refuse"
    dtype: Any = None
    variant: str | None = None
    device: str | None = None
    memory: str | Sequence[str] = ()
    batch_size: int = 1
    inversion_iterations: int = 50
    inversion_error: float | int = 0.1
    call: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check each value, and bring it to its one form."""
        call = dict(self.call)
        dtype = _one_dtype(self.dtype, call.pop("torch_dtype", None))
        options = self.memory.split("+") if isinstance(self.memory, str) else self.memory
        forms: dict[str, Any] = {
            "call": call,
            "dtype": dtype,
            "memory": tuple(option for option in options if option),
            "seconds": _number(self.seconds, argument="seconds"),
            "guidance": _number(self.guidance, argument="guidance"),
        }
        for name, form in forms.items():
            object.__setattr__(self, name, form)
        for name, text in self.texts.items():
            if not isinstance(text, str):
                raise ArgumentError(
                    f"{name} is a {type(text).__name__}; expected one text, the same for every "
                    "latent: make one generator for each prompt"
                )
        check_choice(self.step_noise, argument="step_noise", choices=("refuse", "fixed", "latent"))
        for name in ("steps", "batch_size", "inversion_iterations"):
            if name != "steps" or self.steps is not None:
                check_whole(getattr(self, name), argument=name)
        checked_number(
            self.inversion_error, argument="inversion_error", low=0, high=math.inf, above=True
        )

    @property
    def texts(self) -> dict[str, str]:
        """Return every prompt by the name of its argument, those for further encoders too."""
        given = {"prompt": self.prompt, "negative_prompt": self.negative_prompt, **self.call}
        return {n: text for n, text in given.items() if is_prompt(n) and text is not None}

    def name(self, source: Any, *, scheduler: str | None, dtype: str) -> str:
        """Return the string that ``generators.load`` makes the same generator from again.

        Args:
            source: the folder or hub id, or a pipeline that was made in Python.
            scheduler: the class of the scheduler that runs, if there is one.
            dtype: the dtype of the network that is run at every step.
        """
        resolved = {"scheduler": scheduler, "dtype": self.dtype or dtype}
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _UNNAMED}
        given = {k: v for k, v in {**own, **resolved}.items() if v is not None}
        given |= {name: _written(self.call[name]) for name in sorted(self.call)}
        pairs = [f"{key}={quote(str(value), safe=' /:()')}" for key, value in given.items()]
        place = source if isinstance(source, str) else f"{_IN_PYTHON}{type(source).__name__})"
        return f"diffusers:{place}:{','.join(pairs)}"


def read_spec(spec: str) -> tuple[str, dict[str, Any]]:
    """Return the folder or hub id, and the arguments, of ``SOURCE:key=value,...``.

    Values may be quoted as in a URL. A comma ends a value only if another ``key=`` follows, so
    lists and sentences need no quoting. What the pipeline's own call takes is read as a literal of
    Python where it is one.

    Raises:
        ArgumentError: no source, a key twice, or a value that lived in Python alone.

    >>> read_spec("org/model:steps=4,prompt=a car, red,sigmas=[1.0, 0.5]")
    ('org/model', {'steps': 4, 'prompt': 'a car, red', 'sigmas': [1.0, 0.5]})
    """
    parts = re.fullmatch(r"(.+?)(?::\s*(\w+=.*))?", spec.strip(), re.DOTALL)
    if parts is None:
        raise ArgumentError(
            "diffusers: names no pipeline; expected diffusers:FOLDER_OR_HUB_ID:key=value,..."
        )
    source, given = parts[1].rstrip(":"), parts[2] or ""
    values: dict[str, Any] = {}
    for item in filter(None, re.split(r",\s*(?=\w+=)", given.strip().rstrip(","))):
        key, _, text = item.partition("=")
        if key in values:
            raise ArgumentError(f"parameter {key!r} of diffusers:{source} is given twice")
        values[key] = _read(unquote(text.strip()), key=key)
    if source.startswith(_IN_PYTHON):
        raise ArgumentError(
            f"diffusers:{source} was made from a pipeline in Python, which no name can load: make "
            "it there again, and give the generator itself"
        )
    return source, values


def _read(text: str, *, key: str) -> Any:
    if key in _TEXTS or key == "memory":
        return text
    if _IN_PYTHON in text:
        raise ArgumentError(
            f"{key}={text} was a value in Python, of which a name holds only a digest: make the "
            "generator there again, and give the generator itself"
        )
    value = _literal(text)
    numeric = key in PipelineSettings.__dataclass_fields__
    if numeric and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise ArgumentError(f"parameter {key!r} of a pipeline must be a number, not {text!r}")
    return int(value) if numeric and isinstance(value, float) and value.is_integer() else value


def _literal(text: str) -> Any:
    """Return the Python value that a text spells; the text itself if it spells none."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _written(value: Any, *, inside: bool = False) -> str:
    """Return a text that ``_literal`` reads back, or a digest in brackets that says it cannot."""
    if isinstance(value, str):
        reads_back = not inside and value == value.strip() and _literal(value) == value
        return value if reads_back else repr(value)
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 1):
        value = value.tolist()
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_written(item, inside=True) for item in value)}]"
    if isinstance(value, Mapping):
        items = (f"{k!r}: {_written(value[k], inside=True)}" for k in sorted(value, key=str))
        return f"{{{', '.join(items)}}}"
    if isinstance(getattr(value, "__qualname__", None), str):
        return f"{_IN_PYTHON}{value.__module__}.{value.__qualname__})"
    return f"{_IN_PYTHON}{type(value).__name__}{_content(value)})"


def _content(value: Any) -> str:
    """Return shape and digest of an array, tensor or image; nothing for any other object."""
    if hasattr(value, "getbands"):  # an image
        kind, content = f"{value.size} {value.mode}", value.tobytes()
    elif hasattr(value, "dtype"):
        kind, content = f"{tuple(value.shape)} {value.dtype}", host_array(value).tobytes()
    else:
        return ""
    digest = hashlib.sha256(kind.encode() + content).hexdigest()
    return f" {kind} sha256:{digest[:16]}"


def is_prompt(name: str) -> bool:
    """Return whether an argument is a prompt: ``prompt``, ``negative_prompt_2`` and the like."""
    return re.fullmatch(r"(negative_)?prompt(_\d)?", name) is not None


def _one_dtype(dtype: Any, alias: Any) -> str | None:
    """Return the name of a dtype given as ``dtype`` or ``torch_dtype``, by name or torch's own."""
    names = {str(given).removeprefix("torch.") for given in (dtype, alias) if given is not None}
    if len(names) > 1:
        raise ArgumentError(f"dtype={dtype!r} and torch_dtype={alias!r} differ; give one of them")
    name = names.pop() if names else None
    if name is not None:
        check_choice(name, argument="dtype", choices=DTYPES)
    return name


def _number(value: Any, *, argument: str) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise ArgumentError(f"{argument}={value!r}; expected a number")
    return float(value)
