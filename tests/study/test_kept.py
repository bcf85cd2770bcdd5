"""Outputs that are kept, and made again from their numbers."""

import json

import numpy as np
import pytest

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import StudyError
from latent_spaces_by_example.study.kept import keep, remake
from toys import Stretch


@pytest.mark.parametrize(
    "seeds", [{"examples": ["6", "17"]}, {"seed_latents": [6, 17]}, {"num_seeds": 3}]
)
def test_a_kept_output_is_made_again_to_the_last_bit(tmp_path, seeds):
    study = lsbe.create_study(Stretch(), **seeds)
    [trial] = study.ask(4)[3:]
    files = keep(study, trial.weights, to=tmp_path / "kept", number=trial.number)
    assert [path.name for path in files] == [f"trial-00003{s}" for s in (".npy", ".json", ".png")]
    np.testing.assert_array_equal(np.load(files[0]), trial.output)
    again, same = remake(files[1], to=tmp_path / "again", generator=Stretch())
    assert same
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files]


@pytest.mark.parametrize(
    ("name", "value"),
    [("weights", [3.0]), ("weights", []), ("format", 2), ("suffix", "/../x"), ("settings", {})],
)
def test_a_damaged_file_is_refused(tmp_path, name, value):
    study = lsbe.create_study(Stretch(), seed_latents=[1, 2])
    _, path, _ = keep(study, np.array([0.6, 0.8]), to=tmp_path)
    values = json.loads(path.read_bytes())
    path.write_text(json.dumps({**values, name: value}))
    with pytest.raises((StudyError, ValueError)):
        remake(path, to=tmp_path / "again", generator=Stretch())
    assert not (tmp_path / "again").exists()
