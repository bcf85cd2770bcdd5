"""A replay looks only where a draw can come from, and still sees each one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.errors import SamplerChangedError

noise_tape = lsbe.generators.noise_tape


class DrawsBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1.0

    @staticmethod
    def backward(ctx, grad):
        return grad * torch.randn_like(grad)


def below_python():
    return torch.ops.aten.randn([2], device=torch.device("cpu"), pin_memory=False)


def in_backward():
    x = torch.ones(2, requires_grad=True)
    DrawsBackward.apply(x).sum().backward()
    return x.grad


def through_a_hook():
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad * torch.randn(2))
    x.sum().backward()
    return x.grad


def in_initialisation():
    return torch.nn.init.normal_(torch.empty(2))


def in_a_vectorised_map():
    return torch.vmap(lambda x: x * torch.randn(()), randomness="different")(torch.ones(2))


@pytest.mark.parametrize(
    "sampler", [below_python, in_backward, through_a_hook, in_initialisation, in_a_vectorised_map]
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_draw_is_seen_wherever_it_is_made(sampler):
    tape = noise_tape(sampler)
    assert tape.latent_shape == (2,)
    assert tape.generate(np.array([[2.0, 3.0]]))[0].tolist() == [2.0, 3.0]


def scripted(x: torch.Tensor):
    return x * torch.randn(2)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_draws_of_torchscript_are_seen_though_no_python_makes_them():
    function = torch.jit.script(scripted)
    tape = noise_tape(lambda: function(torch.ones(2)) + torch.randn(2))
    assert tape.latent_shape == (4,)
    assert tape.generate(np.array([[1.0, 2.0, 3.0, 4.0]]))[0].tolist() == [4.0, 6.0]


def test_attention_with_dropout_inside_a_python_function_of_torch():
    layer = torch.nn.MultiheadAttention(4, 2, dropout=0.5)
    q = torch.linspace(-1.0, 1.0, 24).reshape(3, 2, 4)
    tape = noise_tape(lambda: layer(q + torch.randn(3, 2, 4), q, q)[0])
    assert [part.combined for part in tape.parts] == [True, False]
    first, second = tape.generate(np.stack([tape.recorded_latent] * 2))
    assert torch.equal(first, tape.recorded_output)
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.rand(2),
        lambda: torch.empty(2).exponential_(),
        lambda: torch.nn.functional.dropout(torch.ones(2)),
        lambda: torch.nn.functional.dropout2d(torch.ones(1, 2, 2, 2)),
        lambda: torch.nn.functional.gumbel_softmax(torch.ones(2)),
        lambda: torch.distributions.Gamma(1.0, 1.0).sample(),
        lambda: torch.nn.functional.rrelu(torch.ones(2), training=True),
        lambda: torch.nn.MultiheadAttention(4, 1, dropout=0.5)(*[torch.ones(2, 1, 4)] * 3),
    ],
)
def test_a_draw_that_the_recording_did_not_make_is_seen_too(draw):
    extra = []

    def sampler():
        x = torch.randn(2)
        for one in extra:
            one()
        return x

    tape = noise_tape(sampler)
    extra.append(draw)
    with pytest.raises(SamplerChangedError, match="no draw: all 1 had been made"):
        tape.generate(np.zeros((1, 2)))
