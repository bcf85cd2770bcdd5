"""A study as a database could hold it: its stored texts are whatever a test likes."""

import msgspec
import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.study import Study
from latent_spaces_by_example.study.records import Records
from latent_spaces_by_example.study.settings import SeedLatentFacts


def renamed(generator, *, names, texts, study_name="study"):
    """Return an empty study between as many examples as there are names."""
    latents = np.random.default_rng(0).standard_normal((len(names), *generator.latent_shape))
    study = lsbe.create_study(generator, seed_latents=latents, search="random")
    facts = tuple(SeedLatentFacts(name, relative_norm=1.0, rms_error=0.1) for name in names)
    settings = msgspec.structs.replace(study.settings, examples=facts, **texts)
    records = Records.create(None, name=study_name, settings=settings, attributes={})
    return Study(records, generator=lambda: generator, space=lambda _: study.space)
