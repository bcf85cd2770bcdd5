"""What a worker does next: takes up what nobody works on, or claims a number and proposes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import groupby

import numpy as np
from jaxtyping import Int
from optuna.trial import FrozenTrial

from latent_spaces_by_example.study.claims import MOST_ATTEMPTS, Claim, Watch, Worker
from latent_spaces_by_example.study.evaluation import Outcome
from latent_spaces_by_example.study.heartbeat import Heartbeat
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.stored_trial import has_no_weights, weights_of
from latent_spaces_by_example.study.trial import Trial
from latent_spaces_by_example.validity.candidates import CandidateValidity

# a proposal may take a millisecond, or minutes: pauses grow with what was waited already
_PAUSE, _LONGEST_PAUSE, _GROWTH = 0.002, 1.0, 1.5

# weights, shape (n, K), for n claimed trials of one batch, from all the trials that have theirs
Propose = Callable[[list[int], list[Trial]], np.ndarray]


@dataclass(frozen=True)
class Slots:
    """How the numbers of trials fall into batches.

    Attributes:
        corners: how many trials come first, one for each example.
        batch_size: how many of the others are proposed together.
    """

    corners: int
    batch_size: int

    def start(self, number: int) -> int:
        """The first number of the batch that a number belongs to."""
        if number < self.corners:
            return 0
        return number - (number - self.corners) % self.batch_size

    def room(self, number: int) -> int:
        """How many numbers the batch has from this one on, itself included."""
        if number < self.corners:
            return min(self.corners - number, self.batch_size)
        return self.start(number) + self.batch_size - number

    def num_known(self, trials: list[Trial]) -> Int[np.ndarray, " n"]:
        """For each trial how many of those before it had a result when it was proposed.

        All before its batch, unless what is stored of it says that other workers were not done.
        """
        numbers = [trial.number for trial in trials]
        before = np.searchsorted(numbers, [self.start(number) for number in numbers])
        stored = [before[-1] if t.num_known is None else t.num_known for t in trials]
        return np.minimum(before, np.array(stored, dtype=int))


class Work:
    """The share of one worker in a study's trials, until every one of the budget has a result.

    Numbers are tickets: who claims one proposes for it once every lower one has its weights, so
    that a proposal knows all that came before it, the pending ones too, and no two are made from
    the same knowledge. One worker alone proposes what it would if nothing were shared.

    Used with ``with``: what is in hand at the end without a result is free for others.
    """

    def __init__(
        self,
        records: Records,
        *,
        propose: Propose,
        slots: Slots,
        budget: int,
        stop: Callable[[], bool] | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._records = records
        self._propose = propose
        self._slots = slots
        self._budget = budget
        self._stop = stop if stop is not None else lambda: False
        self._watch = Watch() if watch is None else watch
        self._worker = Worker.here()
        self._mine = Claim(by=asdict(self._worker), attempt=1)
        self._held: dict[int, Claim] = {}
        self._heartbeat = Heartbeat(records.beat)

    def __enter__(self) -> Work:
        self._worker.register()
        return self

    def __exit__(self, *_: object) -> None:
        self._heartbeat.end()
        self._worker.unregister()
        patience, self._records.patience = self._records.patience, 0.0
        try:
            self._release(set(self._held))
        except Exception:
            return  # others will notice that we are gone; what is being raised says more
        finally:
            self._records.patience = patience

    def next_batch(self) -> dict[int, np.ndarray]:
        """Weights of the trials to evaluate, claimed, by number; none when all is done."""
        pause = _PAUSE
        while not self._stop():
            entries = self._look()
            pending = [e for e in entries[: self._budget] if not e.state.is_finished()]
            taken = self._take_up(pending)
            claimed, read = ([], None) if taken else self._claim_new(len(entries))
            known = {n: weights_of(entries[n]) for n in taken if not has_no_weights(entries[n])}
            without = [n for n in (*taken, *claimed) if n not in known]
            if not self._propose_in_turn(without, known, read=read):
                break
            if known:
                return known
            if not pending and len(entries) >= self._budget:
                break
            time.sleep(pause)
            pause = min(_GROWTH * pause, _LONGEST_PAUSE)
        return {}

    def store(
        self, number: int, outcome: Outcome, validity: CandidateValidity | None = None
    ) -> bool:
        """Record what came of a trial in hand; False if another worker did so before."""
        seconds, validity = outcome.seconds, validity or CandidateValidity()
        if outcome.score is None:
            error = outcome.error or ""
            first = self._records.fail(number, error, seconds=seconds, validity=validity)
        else:
            first = self._records.finish(
                number,
                outcome.score,
                figures=outcome.figures,
                seconds=seconds,
                validity=validity,
                constraints=outcome.constraints,
                scores=outcome.scores,
            )
        self._let_go({number})
        return first

    def _look(self) -> list[FrozenTrial]:
        entries = self._records.entries()
        self._watch.look([e for e in entries if not e.state.is_finished()])
        return entries

    def _hold(self, claims: Mapping[int, Claim]) -> None:
        self._held.update(claims)
        self._heartbeat.hold(self._held)

    def _let_go(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._held.pop(number, None)
        self._heartbeat.hold(self._held)

    def _is_free(self, entry: FrozenTrial) -> bool:
        if entry.number in self._held:
            return False
        claim = Claim.of(entry)
        if claim.by == self._mine.by:
            return True  # a claim of ours whose confirmation was lost on the way
        return claim.is_of_dead_process() or self._watch.is_silent(entry)

    def _take_up(self, pending: list[FrozenTrial]) -> list[int]:
        """Claim trials that are pending and that nobody works on, the lowest numbers first."""
        free = [e for e in pending if self._is_free(e)]
        free = [e for e in free if not self._records.conclude_stored(e)]
        # those with weights first: they are ready
        free.sort(key=lambda e: (has_no_weights(e), e.number))
        taken: list[int] = []
        for entry in free:
            claim = Claim.of(entry)
            if len(taken) == self._slots.batch_size or (taken and claim.alone):
                break
            if claim.attempt >= MOST_ATTEMPTS and not has_no_weights(entry):
                message = f"the worker died in {claim.attempt} attempts at evaluating it"
                self._records.fail(entry.number, message, seconds=0.0)
                continue
            if self._take(entry):
                taken.append(entry.number)
                if claim.alone:
                    break
        return taken

    def _take(self, entry: FrozenTrial) -> bool:
        before = Claim.of(entry)
        claim = replace(self._mine, attempt=before.attempt + 1, alone=before.alone)
        if not self._records.hand_over(entry, claim):
            return False
        self._hold({entry.number: claim})
        return True

    def _claim_new(self, known: int) -> tuple[list[int], list[FrozenTrial] | None]:
        wanted = min(self._slots.room(known), self._budget - known)
        if wanted < 1:
            return [], None
        numbers, read = self._records.claim_and_read(self._mine, count=wanted)
        self._hold(dict.fromkeys(numbers, self._mine))
        # others were faster; these are the next numbers if the budget is ever raised
        surplus = {n for n in numbers if n >= self._budget}
        self._release(surplus)
        return [n for n in numbers if n not in surplus], read

    def _propose_in_turn(
        self,
        numbers: list[int],
        known: dict[int, np.ndarray],
        *,
        read: list[FrozenTrial] | None,
    ) -> bool:
        """Add weights for claimed numbers, batch by batch; False if told to stop while waiting.

        ``read`` is what was read since they were claimed, if anything was.
        """
        for _, batch in groupby(sorted(numbers), key=self._slots.start):
            together = list(batch)
            trials = self._trials_when_it_is_the_turn_of(together[0], read=read)
            read = None
            if trials is None:
                return False
            for number, weights in zip(together, self._propose(together, trials), strict=True):
                if self._store(number, weights, trials):
                    known[number] = weights
        return True

    def _trials_when_it_is_the_turn_of(
        self, number: int, *, read: list[FrozenTrial] | None
    ) -> list[Trial] | None:
        """All trials that have weights, once every lower number has; None if told to stop."""
        pause = _PAUSE
        while True:
            entries, read = self._look() if read is None else read, None
            before = [e for e in entries[:number] if has_no_weights(e)]
            if not before:
                return self._records.trials(entries)
            if self._stop():
                return None
            first = before[0]
            if self._is_free(first) and self._take(first):
                # its worker died before it proposed: its turn comes before ours
                trials = self._records.trials(entries)
                self._store(first.number, self._propose([first.number], trials)[0], trials)
                self._release({first.number})
                continue
            time.sleep(pause)
            pause = min(_GROWTH * pause, _LONGEST_PAUSE)

    def _store(self, number: int, weights: np.ndarray, trials: list[Trial]) -> bool:
        """Add weights to a claimed trial; False if we were taken for dead and others have it."""
        start = self._slots.start(number)
        known = sum(not trial.pending for trial in trials if trial.number < start)
        ours = self._records.set_weights(
            number,
            weights,
            claim=self._held[number],
            num_known=known if known < start else None,
        )
        if not ours:
            self._let_go({number})
        return ours

    def _release(self, numbers: set[int]) -> None:
        """Give claims of ours back, the attempt uncounted, for anybody to take up at once."""
        if not numbers:
            return
        entries = self._records.entries()
        self._let_go(numbers)
        for entry in (entries[n] for n in sorted(numbers)):
            claim = Claim.of(entry)
            if not entry.state.is_finished() and claim.by == self._mine.by:
                freed = replace(claim, by=None, attempt=claim.attempt - 1)
                self._records.hand_over(entry, freed)
