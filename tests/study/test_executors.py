"""Evaluations where they belong: threads, processes, clusters; each engine is the real one."""

import concurrent.futures
import os
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError, EvaluationError
from latent_spaces_by_example.study.executors import Model, load_model, num_workers_of
from toys import Stretch, height
from worker_objectives import EXAMPLES, dies, hangs_and_dies, slow_height, sometimes

OPTIONS = {"examples": EXAMPLES, "search": "random"}


FOUR = threading.Barrier(4)


def four_at_a_time(outputs):
    FOUR.wait(timeout=60)
    return height(outputs)


class Counting:
    """An executor of threads that counts how many calls are in flight."""

    def __init__(self, workers):
        self.pool = concurrent.futures.ThreadPoolExecutor(workers)
        self.most = self.now = 0
        self.arguments = []
        self.lock = threading.Lock()

    def submit(self, function, *arguments):
        self.arguments.append(arguments)
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        future = self.pool.submit(function, *arguments)
        future.add_done_callback(lambda _: self.ended())
        return future

    def ended(self):
        with self.lock:
            self.now -= 1


@pytest.fixture
def study(tmp_path):
    return lsbe.create_study(Stretch(), out=tmp_path / "run", **OPTIONS)


def is_whole(study, budget, **options):
    """Hold a study that ran elsewhere against the scores of its own points."""
    outputs = Stretch().generate(study.latents(study.weights))
    assert len(study.trials) == budget
    assert not any(trial.pending for trial in study.trials)
    scores = [np.nan if t.score is None else t.score for t in study.trials]
    heights = zip(height(outputs), study.trials, strict=True)
    expected = [h if t.error is None else np.nan for h, t in heights]
    np.testing.assert_allclose(scores, expected)
    return True


def test_threads_keep_num_pending_in_flight(study):
    executor = Counting(4)
    study.run(four_at_a_time, budget=20, executor=executor, num_pending=4)
    assert is_whole(study, 20)
    assert executor.most == 4
    keys = [(task.numbers, task.attempt) for (task,) in executor.arguments]
    assert len(set(keys)) == len(keys) == 20
    # what was open when a trial was proposed is stored with it
    assert any(trial.waiting for trial in study.trials)


def test_a_task_is_a_batch_and_the_driver_never_generates(tmp_path):
    made = []

    class Watched(Stretch):
        def generate(self, z):
            made.append(threading.current_thread() is threading.main_thread())
            return super().generate(z)

    study = lsbe.create_study(
        Watched(), out=tmp_path / "run", batch_size=3, check_generator=False, **OPTIONS
    )
    made.clear()
    executor = Counting(2)
    study.run(height, budget=12, executor=executor, num_pending=6)
    assert {len(task.numbers) for (task,) in executor.arguments} == {3}
    assert not any(made)


def test_processes(study):
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        study.run(sometimes, budget=12, executor=pool)
    assert is_whole(study, 12)
    failed = [t for t in study.trials if t.error]
    assert failed[0].error == "ValueError: negative"
    assert 'raise ValueError("negative")' in failed[0].traceback
    assert len({t.worker for t in study.trials}) == 2


@pytest.mark.filterwarnings("ignore")
def test_loky(study):
    loky = pytest.importorskip("loky")
    executor = loky.get_reusable_executor(1, timeout=10)
    study.run(height, budget=4, executor=executor)
    executor.shutdown(wait=True)
    assert is_whole(study, 4)


@pytest.mark.filterwarnings("ignore")  # it leaves its processes to the garbage collector
def test_submitit(study, tmp_path, monkeypatch):
    submitit = pytest.importorskip("submitit")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    executor = submitit.LocalExecutor(folder=tmp_path / "logs")
    executor.update_parameters(timeout_min=2)
    study.run(height, budget=1, executor=executor, num_pending=1)
    assert is_whole(study, 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_dask_with_a_worker_killed_in_the_middle(study):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert num_workers_of(client) == 2
        pids = list(client.run(os.getpid).values())

        def kill(study, trial):
            if trial.number == 3:
                os.kill(pids[0], 9)

        study.run(slow_height, budget=10, executor=client, num_pending=4, callbacks=[kill])
    assert is_whole(study, 10)


class TestWorkers:
    """Processes of the library's own, by Pebble."""

    def test_a_hung_and_a_dead_process_are_replaced(self, study):
        study.run(hangs_and_dies, budget=3, workers=1, timeout=1.0)
        late, dead, scored = study.trials
        assert "longer than the 1 seconds allowed" in late.error
        assert "the worker failed in 3 attempts" in dead.error
        assert scored.score == pytest.approx(height([Stretch().example(EXAMPLES[2])])[0])

    def test_what_is_found_by_name_is_loaded_there_and_outputs_come_back(self, study):
        study.run(height, budget=4, workers=1, timeout=60, names=("toys:stretch", "toys:height"))
        assert is_whole(study, 4)
        assert all(study.artifacts.picture(number) for number in range(4))


def test_a_name_that_cannot_be_loaded_there(study):
    names = ("toys:stretch", "nowhere:height")
    with (
        concurrent.futures.ThreadPoolExecutor(1) as pool,
        pytest.raises(ArgumentError, match="no module 'nowhere'"),
    ):
        study.run(height, budget=4, executor=pool, names=names)
    assert not study.finished_trials


class TestBadExecutors:
    def test_without_submit(self, study):
        with pytest.raises(ArgumentError, match="has no submit"):
            study.run(height, budget=4, executor=map)
        with pytest.raises(ArgumentError, match="has no submit"):
            study.run(height, budget=4, executor=concurrent.futures.ProcessPoolExecutor)

    def test_of_unknown_size(self, study):
        class Bare:
            def submit(self, function, *arguments):
                raise AssertionError

        with pytest.raises(ArgumentError, match="num_pending is needed"):
            study.run(height, budget=4, executor=Bare())

    def test_what_cannot_be_pickled_is_named(self, study):
        lock = threading.Lock()

        def objective(outputs):
            with lock:
                return height(outputs)

        with (
            concurrent.futures.ThreadPoolExecutor(1) as pool,
            pytest.raises(ArgumentError, match=r"objective .*cannot be sent.*module:name"),
        ):
            study.run(objective, budget=4, executor=pool)

    def test_a_broken_pool_ends_the_run_resumable(self, study):
        with (
            concurrent.futures.ProcessPoolExecutor(1) as pool,
            pytest.raises(EvaluationError, match="executor is broken"),
        ):
            study.run(dies, budget=20, executor=pool)
        done = len(study.finished_trials)
        study = lsbe.open_study(study.folder.path, generator=Stretch())
        study.run(height, budget=12)
        assert len(study.finished_trials) == 12 > done


def test_a_model_is_loaded_once_in_a_process():
    model = Model.of(Stretch(), height)
    assert load_model(model)[0] is load_model(Model.of(Stretch(), height))[0]
    assert Model.of(None, None, names=("a", "b")).key != Model.of(None, None, names=("b", "a")).key


def test_only_optuna_s_public_names_are_used():
    import ast

    root = Path(lsbe.__file__).parent
    private = []
    for path in root.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("optuna"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                private += [(path.name, name) for name in names if name.startswith("_")]
            elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                base = ast.unparse(node.value)
                ours = base in ("self", "cls", "other") or base.startswith(("self._", "type("))
                if not ours and ("optuna" in base or "storage" in base or "trial" in base):
                    private.append((path.name, ast.unparse(node)))
    assert not private
