import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import GeneratorError
from latent_spaces_by_example.validity import check_determinism

SHAPE = (2, 3)


class Tensors:
    latent_shape = SHAPE

    def __init__(self, make, dtype=torch.float32):
        self.make = make
        self.dtype = dtype

    def generate(self, z):
        assert isinstance(z, torch.Tensor), type(z)
        assert z.dtype == self.dtype
        return self.make(z)


def noisy(z):
    return z + torch.randn_like(z)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_outputs_that_are_tensors_are_compared_by_their_numbers(dtype):
    z = torch.ones(2, *SHAPE, dtype=dtype)
    assert check_determinism(Tensors(lambda z: 2 * z, dtype), z).again_difference == 0.0
    report = check_determinism(Tensors(noisy, dtype), z)
    assert 0.0 < report.again_difference < np.inf
    assert report.draws_from == ("torch's global generator",)


def test_outputs_that_require_a_gradient_are_compared_too():
    weight = torch.ones(SHAPE, requires_grad=True)
    z = torch.ones(2, *SHAPE)
    assert check_determinism(Tensors(lambda z: weight * z), z).again_difference == 0.0
    assert not check_determinism(Tensors(lambda z: weight * noisy(z)), z).same_again


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_study_checks_with_what_the_generator_takes(tmp_path, dtype):
    with pytest.raises(GeneratorError, match="torch's global generator"):
        lsbe.optimise(
            Tensors(noisy, dtype),
            lambda outputs: [float(x.sum()) for x in outputs],
            seed_latents=torch.randn(3, *SHAPE).to(dtype),
            budget=4,
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()
