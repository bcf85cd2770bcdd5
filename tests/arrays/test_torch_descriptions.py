import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from benchmarks.space.baselines import LinearInterpolation, SphericalInterpolation

SHAPE = (4, 8, 8)


class Squash:
    latent_shape = SHAPE

    def generate(self, z):
        assert isinstance(z, torch.Tensor)
        return z.tanh()


def seeds(dtype=torch.float32):
    return torch.randn((4, *SHAPE), generator=torch.Generator().manual_seed(0)).to(dtype)


def test_tensors_are_described_as_arrays_are():
    of_tensors, of_arrays = (
        lsbe.describe(lsbe.SurrogateChart(z, combination="shell"), num_points=20).metrics()
        for z in (seeds(), seeds().numpy())
    )
    for name, value in of_arrays.items():
        np.testing.assert_allclose(of_tensors[name], value, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("kind", [LinearInterpolation, SphericalInterpolation, lsbe.SurrogateChart])
def test_a_generator_of_tensors_is_given_tensors(kind):
    description = lsbe.describe(kind(seeds()), Squash(), num_points=20)
    assert description.stationarity[0].by_latents > 0.9


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("method", ["rescale", "gaussianise", "whiten"])
def test_repairs_of_tensors_are_tensors_of_the_same_dtype(method, dtype):
    repair = lsbe.repairs.METHODS[method](3.0 * seeds(dtype), generator=Squash())
    assert repair.latents.dtype == dtype
    assert repair.latents.shape == (4, *SHAPE)
    assert (repair.output_change > 0.0).all()
