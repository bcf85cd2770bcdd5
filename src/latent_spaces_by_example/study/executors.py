"""Run evaluations in processes of this machine, or in any executor of the user's."""

from __future__ import annotations

import concurrent.futures
import hashlib
import multiprocessing
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from latent_spaces_by_example import plugins
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.study.evaluation import Outcome, evaluate, failure
from latent_spaces_by_example.study.settings import name_of


@runtime_checkable
class Future(Protocol):
    """A call under way."""

    def done(self) -> bool:
        """Return whether :meth:`result` would return at once."""
        ...

    def result(self) -> Any:
        """Return what the call returned, or raise what it raised."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Anything that runs calls: concurrent.futures, loky, Dask's client, submitit, mpi4py."""

    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> Future:
        """Begin a call."""
        ...


@dataclass(frozen=True)
class Model:
    """A generator and an objective as they travel: each by its name, or pickled.

    Attributes:
        generator: name for ``generators.load``, or the pickled object.
        objective: name for ``objectives.load``, or the pickled object.
        key: the same for equal models, so that a process loads each one once.
        fingerprint: the generator's, where it has one; what a worker loads must have the same.
    """

    generator: str | bytes = field(repr=False)
    objective: str | bytes = field(repr=False)
    key: str
    fingerprint: str | None = None

    @classmethod
    def of(
        cls, generator: Any, objective: Any, *, names: tuple[str | None, str | None] = (None, None)
    ) -> Model:
        """Prepare a generator and an objective for the journey.

        Args:
            generator: the object; not pickled if it has a name.
            objective: likewise.
            names: by which a worker can load the two; what the library has needs none.

        Raises:
            ArgumentError: one has no name and cannot be pickled.
        """
        parts: list[str | bytes] = []
        kinds = zip((generator, objective), ("generators", "objectives"), names, strict=True)
        for thing, kind, name in kinds:
            if name is None and plugins.is_safe_to_reload(kind, name_of(thing)):
                name = name_of(thing)
            parts.append(_pickled(thing, what=kind[:-1]) if name is None else name)
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part.encode() if isinstance(part, str) else part)
        fingerprint = getattr(generator, "fingerprint", None)
        return cls(parts[0], parts[1], digest.hexdigest(), fingerprint)


@dataclass(frozen=True)
class Task:
    """One call: latents to be generated and scored.

    Attributes:
        model: what generates and scores.
        latents: shape (n, *latent_shape).
        numbers: of the trials.
        attempt: counted from 1. With the numbers it makes every call another one, because Dask
            answers equal calls from memory.
        keep_files: whether the outputs come back as files.
    """

    model: Model
    latents: Any = field(repr=False)
    numbers: tuple[int, ...]
    attempt: int
    keep_files: bool


_loaded: dict[str, tuple[Any, Any]] = {}


def load_model(model: Model) -> tuple[Any, Any]:
    """Return generator and objective, loaded once in a process and kept.

    Raises:
        EvaluationError: the generator makes other outputs here than where the study is run.
    """
    if model.key not in _loaded:
        from latent_spaces_by_example import generators, objectives

        generator, objective = model.generator, model.objective
        _loaded[model.key] = (
            generators.load(generator) if isinstance(generator, str) else pickle.loads(generator),
            objectives.load(objective) if isinstance(objective, str) else pickle.loads(objective),
        )
    own = getattr(_loaded[model.key][0], "fingerprint", None)
    if own != model.fingerprint:
        raise EvaluationError(
            f"the worker's generator has the fingerprint {own}, the study's {model.fingerprint}: "
            "it draws other random numbers, or makes another output of the same latent. Let the "
            "module load the same model with the same settings in every process"
        )
    return _loaded[model.key]


def run_task(task: Task) -> list[Outcome]:
    """Generate and score in a worker; what the user's code raises comes back as text."""
    try:
        generator, objective = load_model(task.model)
    except Exception as error:
        broken = failure(error, breaks_contract=True)
        outcomes = [broken] * len(task.numbers)
    else:
        outcomes = evaluate(generator, objective, latents=task.latents, keep_files=task.keep_files)
    # the exception stays here: it cannot be relied on to travel
    return [replace(outcome, exception=None) for outcome in outcomes]


class ProcessPool:
    """Processes of this machine, each of which loads the model once; Pebble's pool.

    A process that takes longer than ``timeout`` for one call, or dies, is replaced. Loading the
    model is outside the limit.

    Args:
        num_workers: how many processes, at least 1.
        model: what they load when they start.
        timeout: seconds for one output; None for no limit.
    """

    def __init__(self, num_workers: int, *, model: Model, timeout: float | None = None) -> None:
        from pebble import ProcessPool as PebblePool

        self.num_workers = num_workers
        self._timeout = timeout
        # a forked process would share the GPU, the threads and the connections of this one
        self._pool: Any = PebblePool(
            max_workers=num_workers,
            context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(model, list(sys.path)),
        )

    def submit(self, function: Callable[..., Any], /, task: Task) -> Future:
        """Begin a call on a task; its future raises TimeoutError if it is late."""
        limit = None if self._timeout is None else self._timeout * len(task.numbers)
        call: Any = self._pool.schedule(function, args=(task,), timeout=limit)
        # measured from when a process begins the call, which may have to be started first
        call.enforces_timeout = True
        future: Future = call
        return future

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, at once if they are still evaluating."""
        self._pool.stop()
        self._pool.join()


def _start_worker(model: Model, path: list[str]) -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides
    sys.path[:] = path
    try:
        load_model(model)
    except Exception:
        return  # the first task says why, in words


def num_workers_of(executor: Any) -> int | None:
    """Return how many calls an executor runs at a time, or None if that cannot be read."""
    for attribute in ("num_workers", "_max_workers"):
        size = getattr(executor, attribute, None)
        if isinstance(size, int) and size > 0:
            return size
    threads = getattr(executor, "nthreads", None)  # of a Dask client
    if callable(threads):
        try:
            return sum(threads().values()) or None
        except (TypeError, AttributeError, OSError):
            return None
    return None


def check_executor(executor: Any) -> None:
    """Refuse what cannot run calls.

    Raises:
        ArgumentError: it has no ``submit``.
    """
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise ArgumentError(
            f"executor={executor!r:.80} has no submit(function, argument); give an object such as "
            "concurrent.futures.ProcessPoolExecutor(4), or a Dask Client"
        )


def is_broken(error: BaseException) -> bool:
    """Return whether an engine's error means that it will run no further call."""
    return isinstance(
        error, concurrent.futures.BrokenExecutor | concurrent.futures.CancelledError
    ) or type(error).__name__ in {"CommClosedError", "CancelledError", "TerminatedWorkerError"}


def lacks_package(error: BaseException) -> bool:
    """Return whether a worker could not import this library."""
    return isinstance(error, ModuleNotFoundError) and str(error.name or "").startswith(
        "latent_spaces_by_example"
    )


def _pickled(thing: Any, *, what: str) -> bytes:
    try:
        import cloudpickle as pickler
    except ModuleNotFoundError:
        pickler = pickle
    try:
        content: bytes = pickler.dumps(thing)
    except Exception as error:
        raise ArgumentError(
            f"the {what} {getattr(thing, '__qualname__', thing)!r:.80} cannot be sent to another "
            f"process ({type(error).__name__}: {error}); put it in a module and name it, as "
            f"lsbe.{what}s.load('module:name') or --{what} module:name"
        ) from error
    return content


def engine_failure(error: BaseException) -> EvaluationError:
    """Return the error of a run whose executor is broken or lacks this library."""
    if lacks_package(error):
        return EvaluationError(
            "the workers of the executor cannot import latent_spaces_by_example; install the same "
            "version there, then go on with the study: nothing is lost"
        )
    return EvaluationError(
        f"the executor is broken ({type(error).__name__}: {error}); every finished evaluation is "
        "stored: go on with the study and a new executor"
    )
