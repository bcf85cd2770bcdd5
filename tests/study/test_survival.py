import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_a_study_killed_at_100_random_moments_is_the_uncut_one(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    sources = [HERE.parents[1] / "src", HERE.parent]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, sources))
    script = [sys.executable, "-W", "error", HERE / "survivor.py", tmp_path, "100", "0"]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    counted = json.loads(done.stdout.splitlines()[-1])
    assert counted["kills"] == 100
    # some kills must have hit an evaluation, else this shows nothing
    assert 0 < counted["evaluated_twice"] <= 400
