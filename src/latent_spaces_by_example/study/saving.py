"""The files that a study leaves in its run folder, beside the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from latent_spaces_by_example.study.folder import RunFolder

if TYPE_CHECKING:
    from latent_spaces_by_example.study.study import Study


def save_files(study: Study) -> None:
    """See :meth:`latent_spaces_by_example.Study.save`."""
    if study.folder is None:
        return
    # a study that was opened has made only the draws that were asked for since
    study.seeds.extend_to(study.weights.shape[1])
    study.folder.save_seed_latents(study.seeds)
    study.folder.save_history(study.trials, study.seed_names)
    if not study.finished_trials or not hasattr(study.generator, "save"):
        return
    suffix = getattr(study.generator, "suffix", "")
    if study.settings.score_names:
        _save_front(study, study.folder, suffix)
    else:
        study.generator.save(study.best_output, study.folder.path / f"best{suffix}")


def _save_front(study: Study, folder: RunFolder, suffix: str) -> None:
    place = folder.path / "front"
    place.mkdir(exist_ok=True)
    for old in place.glob("trial-*"):
        old.unlink()
    for trial in study.front():
        output = study.generator.generate(study.latents(trial.weights[None]))[0]
        study.generator.save(output, place / f"trial-{trial.number:05d}{suffix}")
