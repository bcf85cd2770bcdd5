import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import ArgumentError

Z = np.random.default_rng(0).standard_normal((3, 4, 16, 16)).astype(np.float32)


def test_the_same_as_of_arrays():
    of_tensors = lsbe.diagnose(torch.from_numpy(Z))
    of_arrays = lsbe.diagnose(Z)
    assert of_tensors.latents == of_arrays.latents
    assert of_tensors.figures == of_arrays.figures


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_coarse_dtypes(dtype):
    found = lsbe.diagnose(torch.from_numpy(Z).to(dtype))
    assert found.ok
    assert found.latents[0].relative_norm == pytest.approx(
        lsbe.diagnose(Z).latents[0].relative_norm, rel=1e-2
    )


def test_not_finite():
    z = torch.from_numpy(Z.copy())
    z[2, 0, 0, 1] = torch.nan
    with pytest.raises(ArgumentError, match=r"latents\[2\] .* at element \(0, 0, 1\)"):
        lsbe.diagnose(z)
