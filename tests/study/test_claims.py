import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import pytest
from optuna.trial import TrialState, create_trial

from latent_spaces_by_example.study import claims
from latent_spaces_by_example.study.claims import (
    CLAIM,
    HEARTBEAT,
    Claim,
    Watch,
    Worker,
    set_under_claim,
)
from latent_spaces_by_example.study.records import Records


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def _trial(number=0, beat=0, loop="a"):
    attributes = {CLAIM: {"by": {"loop": loop}}, HEARTBEAT: beat}
    trial = create_trial(state=TrialState.RUNNING, user_attrs=attributes)
    trial.number = number
    return trial


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    return Watch(60.0, clock)


class TestWatch:
    def test_who_gives_no_sign_for_long_enough_is_silent(self, watch, clock):
        for passed in range(0, 61, 10):
            watch.look([_trial()])
            assert watch.is_silent(_trial()) == (passed >= 60)
            clock.now += 10

    @pytest.mark.parametrize("sign", [{"beat": 1}, {"loop": "b"}])
    def test_a_heartbeat_or_another_worker_is_a_sign(self, watch, clock, sign):
        for trial in (_trial(), _trial(), _trial(**sign)):
            watch.look([trial])
            clock.now += 30
        watch.look([_trial(**sign)])
        assert not watch.is_silent(trial)

    def test_time_in_which_nobody_looked_condemns_nobody(self, watch, clock):
        watch.look([_trial()])
        clock.now += 100_000
        watch.look([_trial()])
        assert not watch.is_silent(_trial())

    def test_a_clock_that_goes_backwards_condemns_nobody(self, watch, clock):
        for now in (1000, 1050, 0, 20, 5):
            clock.now = now
            watch.look([_trial()])
            assert not watch.is_silent(_trial())

    def test_a_trial_that_was_never_looked_at(self, watch):
        assert not watch.is_silent(_trial())


class TestDeadProcess:
    def test_nobody_is_dead(self):
        assert Claim().is_of_dead_process()

    def test_a_loop_of_this_process(self):
        worker = Worker.here()
        claim = Claim(by=asdict(worker))
        assert claim.is_of_dead_process()
        worker.register()
        assert not claim.is_of_dead_process()
        worker.unregister()
        assert claim.is_of_dead_process()

    def test_another_process_dies_and_may_not_have_been_waited_for(self):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        by = replace(Worker.here(), pid=child.pid, started=claims._started(child.pid))
        try:
            assert not Claim(by=asdict(by)).is_of_dead_process()
            # the same pid, of a process that began at another time
            assert Claim(by=asdict(replace(by, started="1"))).is_of_dead_process()
        finally:
            os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert Claim(by=asdict(by)).is_of_dead_process()
        child.communicate()
        assert Claim(by=asdict(by)).is_of_dead_process()

    def test_of_another_machine_only_silence_tells(self):
        by = replace(Worker.here(), machine="elsewhere", pid=2**22 + 1)
        assert not Claim(by=asdict(by)).is_of_dead_process()


def _storages(tmp_path):
    return {
        "memory": None,
        "sqlite": f"sqlite:///{tmp_path}/a.db",
        "journal": f"journal:{tmp_path}/a.log",
    }


@pytest.mark.parametrize("kind", ["memory", "sqlite", "journal"])
def test_a_claim_goes_to_one_of_those_who_want_it(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(claims, "_SETTLE_SECONDS", 0.01)
    records = Records.create(_storages(tmp_path)[kind], name="a", settings={})
    (number,) = records.claim(Claim())
    storage, trial_id = records._storage, records._trial_id(number)
    free, mine, theirs = (Claim(by=by).to_json() for by in (None, {"loop": "me"}, {"loop": "you"}))

    def take(seen, new):
        return set_under_claim(storage, trial_id, claim=seen, values={CLAIM: new})

    assert take(free, mine)
    assert not take(free, theirs)
    assert storage.get_trial(trial_id).user_attrs[CLAIM] == mine
    assert take(mine, free)
    assert take(free, theirs)
    # under a claim that holds, and no other
    assert not set_under_claim(storage, trial_id, claim=mine, values={"a": 1, "b": 2})
    assert set_under_claim(storage, trial_id, claim=theirs, values={"a": 3, "b": [4]})
    attributes = storage.get_trial(trial_id).user_attrs
    assert (attributes["a"], attributes["b"], attributes[CLAIM]) == (3, [4], theirs)
    # what is finished is nobody's any more
    assert records.finish(number, 1.0, figures={}, seconds=0.1)
    assert not take(theirs, mine)
    assert storage.get_trial(trial_id).user_attrs[CLAIM] == theirs
