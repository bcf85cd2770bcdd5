import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe


class Model:
    latent_shape = (4, 16, 16)

    def generate(self, z):
        return list(z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_figures_of_tensors(dtype):
    rng = np.random.default_rng(0)
    seeds = torch.from_numpy(rng.standard_normal((3, 4, 16, 16))).to(dtype)
    study = lsbe.optimise(
        Model(),
        lambda outputs: [float(x[0, 0, 0]) for x in outputs],
        budget=8,
        seed_latents=seeds,
        search="random",
    )
    for trial in study.trials:
        latent = study.latents(trial.weights[None])[0].to(torch.float64)
        norm = float(torch.sqrt(torch.mean(latent**2)))
        assert trial.validity["norm"] == pytest.approx(norm)
        assert trial.invalid is None
