"""What several workers do with one study, in one process, where it can be looked at."""

import threading
import time
from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.study import work as work_module
from latent_spaces_by_example.study.claims import HEARTBEAT, Claim, Watch, Worker
from latent_spaces_by_example.study.evaluation import Outcome
from latent_spaces_by_example.study.heartbeat import Heartbeat
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.trial import Trial
from latent_spaces_by_example.study.work import Slots, Work
from toys import Stretch, height

EXAMPLES = ["6", "17", "18"]
ELSEWHERE = asdict(replace(Worker.here(), machine="elsewhere"))
THEIRS = Claim(by=ELSEWHERE, attempt=1)


@pytest.fixture
def records():
    return Records.create(None, name="a", settings={})


def _work(records, *, budget=4, batch_size=1, **options):
    asked = []

    def propose(numbers, trials):
        asked.append(list(numbers))
        return np.eye(30)[numbers]

    slots = Slots(corners=0, batch_size=batch_size)
    made = Work(records, propose=propose, slots=slots, budget=budget, **options)
    made.asked = asked
    made.numbers = lambda: list(made.next_batch())
    return made


class TestSlots:
    def test_what_was_known_is_all_before_the_batch(self):
        trials = [Trial(n, np.ones(1), score=1.0) for n in range(7)]
        assert Slots(corners=2, batch_size=3).num_known(trials).tolist() == [0, 0, 2, 2, 2, 5, 5]
        assert Slots(corners=0, batch_size=1).num_known(trials).tolist() == list(range(7))
        # those of the batch that is asked for again are left out
        some = trials[:2] + trials[5:]
        assert Slots(corners=2, batch_size=3).num_known(some).tolist() == [0, 0, 2, 2]
        assert Slots(corners=0, batch_size=1).num_known([]).tolist() == []

    def test_what_was_known_is_less_where_others_were_not_done(self):
        trials = [Trial(n, np.ones(1), num_known=known) for n, known in enumerate([None, 0, 1, 9])]
        assert Slots(corners=0, batch_size=1).num_known(trials).tolist() == [0, 0, 1, 3]

    def test_examples_come_first_then_batches(self):
        slots = Slots(corners=3, batch_size=4)
        assert [slots.start(n) for n in range(12)] == [0, 0, 0, 3, 3, 3, 3, 7, 7, 7, 7, 11]
        assert [slots.room(n) for n in range(9)] == [3, 2, 1, 4, 3, 2, 1, 4, 3]


class TestWork:
    def test_two_share_the_trials(self, records):
        with _work(records) as one, _work(records) as other:
            assert [one.numbers(), other.numbers(), one.numbers()] == [[0], [1], [2]]
            assert other.store(1, Outcome(score=1.0))
            assert other.numbers() == [3]

    def test_what_is_left_in_hand_is_taken_up_under_its_number(self, records):
        with _work(records) as one:
            assert one.numbers() == [0]
        with _work(records) as other:
            assert other.numbers() == [0]
            assert not other.asked, "its weights were there"
        (entry,) = records.entries()
        assert Claim.of(entry).attempt == 0, "giving back is no failed attempt"

    def test_a_number_without_weights_is_proposed_for_by_whoever_comes_next(self, records):
        records.claim(Claim())
        assert records.trials() == []
        with _work(records) as one:
            assert one.numbers() == [0]
            assert one.asked == [[0]]
        assert len(records.trials()) == 1

    def test_nobody_proposes_before_those_with_lower_numbers(self, records):
        (number,) = records.claim(THEIRS)
        with _work(records) as one:
            got = []
            thread = threading.Thread(target=lambda: got.append(one.numbers()))
            thread.start()
            time.sleep(0.2)
            assert not one.asked
            records.set_weights(number, np.array([1.0, 0.0]), claim=THEIRS)
            thread.join(10)
            assert got == [[1]]
            assert one.asked == [[1]]

    def test_in_memory_too_what_is_in_hand_gives_signs_of_life(self, records, monkeypatch):
        monkeypatch.setattr(work_module, "Heartbeat", partial(Heartbeat, seconds=0.01))
        with _work(records) as one:
            assert one.numbers() == [0]
            until = time.monotonic() + 10
            while HEARTBEAT not in records.entries()[0].user_attrs:
                assert time.monotonic() < until
                time.sleep(0.01)

    @pytest.mark.parametrize("ended", [True, False])
    @pytest.mark.parametrize("storage", [None, "sqlite"])
    def test_a_trial_that_others_took_while_it_was_proposed_is_theirs(
        self, tmp_path, storage, ended
    ):
        url = None if storage is None else f"sqlite:///{tmp_path}/a.db"
        records = Records.create(url, name="a", settings={})

        def taken_for_dead(numbers, trials):
            if numbers == [0]:
                assert records.hand_over(records.entries()[0], THEIRS)
                assert records.set_weights(0, np.array([0.0, 1.0]), claim=THEIRS)
                if ended:
                    assert records.finish(0, 7.0, figures={}, seconds=1.0)
            return np.eye(30)[numbers]

        slots = Slots(corners=0, batch_size=1)
        with Work(records, propose=taken_for_dead, slots=slots, budget=2) as one:
            assert list(one.next_batch()) == [1]
        first = records.trials()[0]
        assert first.score == (7.0 if ended else None)
        np.testing.assert_array_equal(first.weights, [0, 1])

    @pytest.mark.parametrize("storage", [None, "sqlite"])
    def test_a_worker_that_ends_after_its_trial_was_read_leaves_nothing_to_take(
        self, tmp_path, storage, monkeypatch
    ):
        url = None if storage is None else f"sqlite:///{tmp_path}/a.db"
        records = Records.create(url, name="a", settings={})
        read = records.entries
        with _work(records, budget=1) as one, _work(records, budget=1) as other:
            assert one.numbers() == [0]

            def entries():
                before = read()
                if not before[0].state.is_finished():
                    one.store(0, Outcome(score=1.0))
                    one.__exit__()
                return before

            monkeypatch.setattr(records, "entries", entries)
            assert other.numbers() == []
        assert Claim.of(read()[0]).attempt == 1

    def test_the_turn_of_a_dead_worker_comes_first(self, records):
        records.claim(THEIRS)
        now = [0.0]

        def clock():
            now[0] += 1.0
            return now[0]

        with _work(records, watch=Watch(4.0, clock)) as one:
            assert one.numbers() == [1]
            assert one.asked == [[0], [1]]
            one.store(1, Outcome(score=1.0))
            assert one.numbers() == [0]

    def test_the_first_result_counts(self, records):
        with _work(records) as one:
            one.numbers()
            assert records.finish(0, 1.0, figures={}, seconds=0.1)
            assert not one.store(0, Outcome(score=2.0))
            assert not one.store(0, Outcome(error="late"))
        assert records.trials()[0].score == 1.0

    def test_a_result_whose_worker_died_before_the_last_step_is_kept(self, records):
        (number,) = records.claim(THEIRS)
        records.set_weights(number, np.array([1.0]), claim=THEIRS)
        result = {"score": 3.5, "figures": {"mass": 2}, "seconds": 1.0}
        storage = records._storage
        storage.set_trial_user_attr(records._trial_id(number), "lsbe:result", result)
        records.hand_over(records.entries()[0], Claim())
        with _work(records) as one:
            assert one.numbers() == [1]
        assert (records.trials()[0].score, records.trials()[0].figures) == (3.5, {"mass": 2})

    def test_an_evaluation_that_kills_every_worker_is_given_up(self, records):
        claim = Claim(attempt=10)
        (number,) = records.claim(claim)
        records.set_weights(number, np.array([1.0]), claim=claim)
        with _work(records) as one:
            assert one.numbers() == [1]
        assert "died in 10 attempts" in records.trials()[0].error

    def test_numbers_beyond_the_budget_wait_for_a_larger_one(self, records, monkeypatch):
        claim = records.claim_and_read

        def claim_after_another(wanted, *, count):
            (number,) = claim(THEIRS)[0]
            records.set_weights(number, np.array([1.0]), claim=THEIRS)
            records.finish(number, 1.0, figures={}, seconds=0.1)
            return claim(wanted, count=count)

        monkeypatch.setattr(records, "claim_and_read", claim_after_another)
        with _work(records, budget=1) as one:
            assert one.numbers() == []
        assert len(records.trials()) == 1
        assert len(records.entries()) == 2
        with _work(records, budget=2) as one:
            assert one.numbers() == [1]

    def test_one_that_must_be_alone_is_not_put_in_a_batch(self, records):
        for alone in (False, True, False):
            claim = Claim(alone=alone)
            (number,) = records.claim(claim)
            records.set_weights(number, np.array([1.0]), claim=claim)
        with _work(records, batch_size=3) as one:
            assert one.numbers() == [0]
            assert one.numbers() == [1]
            assert one.numbers() == [2]

    def test_it_is_stored_how_many_were_done_where_not_all_were(self, records):
        with _work(records) as one, _work(records) as other:
            [first], [second] = one.numbers(), other.numbers()
            other.store(second, Outcome(score=1.0, figures={}, output=None, seconds=0.0))
            [third] = other.numbers()
            one.store(first, Outcome(score=1.0, figures={}, output=None, seconds=0.0))
            other.store(third, Outcome(score=1.0, figures={}, output=None, seconds=0.0))
            [fourth] = other.numbers()
        known = {trial.number: trial.num_known for trial in records.trials()}
        assert known == {first: None, second: 0, third: 1, fourth: None}

    def test_told_to_stop_it_takes_nothing(self, records):
        with _work(records, stop=lambda: True) as one:
            assert one.numbers() == []
        assert records.entries() == []


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("search", ["sobol", "direct", "latent-gp"])
def test_threads_on_one_study_propose_nothing_twice(tmp_path, search, batch_size, monkeypatch):
    monkeypatch.setattr(work_module, "_LONGEST_PAUSE", 0.02)
    storage = f"sqlite:///{tmp_path}/a.db"
    lsbe.optimise(
        Stretch(), height, budget=3, examples=EXAMPLES, search=search, batch_size=batch_size,
        storage=storage, name="a",
    )  # fmt: skip
    studies = [lsbe.open_study(storage=storage, generator=Stretch()) for _ in range(3)]
    threads = [
        threading.Thread(target=s.run, args=(height,), kwargs={"budget": 21}) for s in studies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    study = studies[0]
    assert len(study.finished_trials) == 21
    apart = np.abs(study.weights[:, None] - study.weights[None]).max(axis=2)
    assert (apart + np.eye(21)).min() > 1e-9
