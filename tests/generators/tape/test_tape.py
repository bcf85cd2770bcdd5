import gc
import os
import runpy
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

import latent_spaces_by_example as lsbe
from generators.tape import samplers
from latent_spaces_by_example.errors import ArgumentError, SamplerChangedError
from latent_spaces_by_example.testing import GeneratorContract

noise_tape = lsbe.generators.noise_tape


def same(first, second):
    """Bit for bit, whatever the dtype."""
    return first.dtype == second.dtype and torch.equal(
        torch.nan_to_num(first), torch.nan_to_num(second)
    )


class TestLangevinContract(GeneratorContract):
    batch_tolerance = 0.0

    def make_generator(self):
        return noise_tape(samplers.langevin)


def mixed():
    return torch.cat([torch.randn(5), torch.rand(4), torch.empty(3).uniform_(-2.0, 1.0)])


class TestMixedContract(GeneratorContract):
    batch_tolerance = 0.0

    def make_generator(self):
        return noise_tape(mixed)

    def make_latents(self, generator):
        return np.stack([generator.latent_from_random_seed(i) for i in range(self.num_latents)])


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("sampler", "size", "spread"),
    [
        (lambda: torch.randn(3, generator=seeded(5)) - torch.randn(3, generator=seeded(5)), 3, 0.0),
        (lambda: torch.randn(3, generator=seeded(5)) + torch.randn(3, generator=seeded(5)), 3, 2.0),
        (lambda: torch.randn(3, generator=seeded(5)) - torch.randn(3, generator=seeded(6)), 6, 1.4),
        (lambda: torch.rand(3, generator=seeded(5)) - torch.rand(3, generator=seeded(5)), 3, 0.0),
        (lambda: np.random.default_rng(5).random() - np.random.default_rng(5).random(), 1, 0.0),
    ],
)
def test_draws_from_one_state_are_one_place_of_the_latent(sampler, size, spread):
    tape = noise_tape(sampler, numpy=True)
    assert tape.latent_shape == (size,)
    z = np.stack([tape.latent_from_random_seed(i) for i in range(60)])
    outputs = np.array([np.asarray(output) for output in tape.generate(z)])
    assert outputs.std() == pytest.approx(spread, rel=0.25)
    assert ("again" in tape.report) == (spread != 1.4)


def test_the_latent_is_every_draw_and_gives_the_recorded_output_back():
    torch.manual_seed(11)
    expected = samplers.langevin()
    torch.manual_seed(11)
    tape = noise_tape(samplers.langevin)
    assert tape.latent_shape == (6 * 13,)
    assert same(tape.recorded_output, expected)
    assert same(tape.generate(tape.recorded_latent[None])[0], expected)


def test_it_runs_the_sampler_once_and_twice_more_to_check():
    calls = []

    def counted():
        calls.append(None)
        return torch.randn(2)

    noise_tape(counted, check=False)
    assert len(calls) == 1
    noise_tape(counted)
    assert len(calls) == 4


def test_parts_say_what_is_drawn_and_where():
    def sampler():
        x = torch.randn(2, 3)
        x += torch.rand_like(x)
        return x[:, torch.randperm(3)]

    tape = noise_tape(sampler)
    first, second, third = tape.parts
    line = sampler.__code__.co_firstlineno
    assert first.name == f"randn:1 at test_tape.py:{line + 1}"
    assert second.name == f"rand_like:2 at test_tape.py:{line + 2}"
    assert (first.law, second.law, third.law) == ("Gaussian", "uniform", "randperm")
    assert (first.shape, second.start, third.start) == ((2, 3), 6, None)
    assert (first.combined, second.combined, third.combined) == (True, True, False)
    assert third.place == f"test_tape.py:{line + 3}"
    report = tape.report.splitlines()
    assert "[6:12]" in report[2]
    assert "held fixed" in report[3]
    named = tape.named(tape.recorded_latent)
    assert [value.shape for value in named.values()] == [(2, 3), (2, 3)]
    with pytest.raises(TypeError):
        named[first.name] = 0.0


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
DRAWS = {
    "randn": lambda n, dtype: torch.randn(n, dtype=dtype),
    "randn_like": lambda n, dtype: torch.randn_like(torch.empty(n, dtype=dtype)),
    "randn complex": lambda n, dtype: torch.randn(n, dtype=torch.complex64),
    "randn out": lambda n, dtype: torch.randn(n, out=torch.empty(n, dtype=dtype)),
    "normal_": lambda n, dtype: torch.empty(n, dtype=dtype).normal_(),
    "normal_ scaled": lambda n, dtype: torch.empty(n, dtype=dtype).normal_(0.0, 0.37),
    "normal_ flat": lambda n, dtype: torch.empty(n, dtype=dtype).normal_(1.5, 0.0),
    "normal tensors": lambda n, dtype: torch.normal(
        torch.linspace(-1, 1, n).to(dtype), torch.linspace(0, 2, n).to(dtype)
    ),
    "normal mean": lambda n, dtype: torch.normal(torch.linspace(-1, 1, n).to(dtype), 0.3),
    "normal std": lambda n, dtype: torch.normal(0.3, torch.linspace(0, 2, n).to(dtype)),
    "normal numbers": lambda n, dtype: torch.normal(0.0, 2.0, (n,), dtype=dtype),
    "rand": lambda n, dtype: torch.rand(n, dtype=dtype),
    "rand_like": lambda n, dtype: torch.rand_like(torch.empty(n, dtype=dtype)),
    "uniform_": lambda n, dtype: torch.empty(n, dtype=dtype).uniform_(-1.0, 1.0),
    "uniform_ empty": lambda n, dtype: torch.empty(n, dtype=dtype).uniform_(0.25, 0.25),
    "distribution": lambda n, dtype: torch.distributions.Normal(0.0, 2.0).sample((n,)),
    "layout": lambda n, dtype: torch.randn_like(
        torch.empty(1, n, 4, 4, dtype=dtype).to(memory_format=torch.channels_last)
    ),
    "view": lambda n, dtype: _normal_in_a_column(n, dtype),
}


def _normal_in_a_column(n, dtype):
    x = torch.zeros(n, 3, dtype=dtype)
    x[:, 1].normal_(0.0, 0.5)
    return x


@pytest.mark.parametrize("draw", DRAWS)
@settings(max_examples=3, deadline=None)
@given(n=st.integers(1, 60), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 2**40))
def test_a_random_seed_is_what_the_unmodified_sampler_makes_of_it(draw, n, dtype, seed):
    def sampler():
        first = DRAWS[draw](n, dtype)
        return first, torch.randn(3)

    tape = noise_tape(sampler, check=False)
    torch.manual_seed(seed)
    expected = sampler()
    found = tape.generate(tape.latent_from_random_seed(seed)[None])[0]
    assert all(same(*pair) for pair in zip(found, expected, strict=True))
    assert found[0].stride() == expected[0].stride()
    torch.manual_seed(seed)
    again = noise_tape(sampler, check=False)
    assert np.array_equal(again.recorded_latent, tape.latent_from_random_seed(seed))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [7, 1000])
def test_a_mean_and_ends_of_the_samplers_own(dtype, n):
    """Only float64 may differ from torch, in the last place; the replay is exact always."""

    def sampler():
        x = torch.empty(2, n, dtype=dtype)
        return torch.stack([x[0].normal_(1.3, 0.37), x[1].uniform_(-0.3, 1.1)])

    torch.manual_seed(5)
    expected = sampler()
    torch.manual_seed(5)
    tape = noise_tape(sampler)
    assert same(tape.generate(tape.recorded_latent[None])[0], tape.recorded_output)
    if dtype == torch.float64:
        assert (tape.recorded_output - expected).abs().max() < 5e-16
    else:
        assert same(tape.recorded_output, expected)


def test_mean_and_deviation_are_taken_out_even_where_they_depend_on_draws():
    def sampler():
        mean = torch.randn(4)
        return mean, torch.normal(mean, mean.abs() + 1.0)

    tape = noise_tape(sampler)
    z = np.arange(8.0)
    mean, x = tape.generate(z[None])[0]
    assert mean.tolist() == [0.0, 1.0, 2.0, 3.0]
    assert x.tolist() == [4.0, 1.0 + 2.0 * 5.0, 2.0 + 3.0 * 6.0, 3.0 + 4.0 * 7.0]


def test_a_uniform_draw_below_the_upper_end_stays_below_it():
    tape = noise_tape(lambda: torch.rand(3, dtype=torch.bfloat16))
    z = np.array([[0.0, 0.9999999, 0.5]])
    assert tape.generate(z)[0].tolist() == [0.0, 1.0 - 2.0**-8, 0.5]


HELD = {
    "bernoulli_": lambda: torch.nn.functional.dropout(torch.ones(40), 0.5),
    "randperm": lambda: torch.randperm(40),
    "randint": lambda: torch.randint(0, 100, (40,)),
    "multinomial": lambda: torch.multinomial(torch.ones(40), 20),
    "exponential_": lambda: torch.empty(40).exponential_(),
    "random_": lambda: torch.empty(40).random_(0, 99),
    "binomial": lambda: torch.binomial(torch.full((40,), 9.0), torch.full((40,), 0.5)),
    "native_dropout": lambda: torch.native_dropout(torch.ones(40), 0.5, True)[0],
    "bernoulli": lambda: torch.bernoulli(torch.full((40,), 0.5)),
    "_standard_gamma": lambda: torch.distributions.Gamma(2.0, 1.0).sample((40,)),
}


@pytest.mark.parametrize("op", HELD)
@pytest.mark.parametrize("inference", [False, True])
def test_what_cannot_be_combined_is_held_fixed_and_reported(op, inference):
    def sampler():
        with torch.inference_mode(inference):
            return torch.randn(2), HELD[op](), torch.randn(2)

    tape = noise_tape(sampler)
    assert tape.latent_shape == (4,)
    held = [part for part in tape.parts if not part.combined]
    expected = "dropout" if op == "bernoulli_" and inference else op
    assert [part.op for part in held] == [expected]
    before = torch.get_rng_state()
    _, first, last = tape.generate(np.array([[1.0, 2.0, 3.0, 4.0]]))[0]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, tape.recorded_output[1])
    assert last.tolist() == [3.0, 4.0]
    assert not torch.equal(HELD[op](), first)


def test_each_way_to_draw_something_else_is_named():
    extra = {"draws": lambda: torch.randn(2)}

    def sampler():
        x = torch.randn(3)
        return x, extra["draws"]()

    tape = noise_tape(sampler)
    z = tape.recorded_latent[None]
    changes = {
        r"draw 2 of the sampler is now rand of shape \(2,\) and float32, at test_tape.py:\d+; when "
        r"it was recorded, it was randn of shape \(2,\) and float32, at": lambda: torch.rand(2),
        r"now randn of shape \(3,\)": lambda: torch.randn(3),
        "float32.*float64|float64.*float32": lambda: torch.randn(2, dtype=torch.float64),
        "now randperm": lambda: torch.randperm(2),
        "draw 3 .* no draw: all 2 had been made": lambda: (torch.randn(2), torch.randn(1)),
        "made 1 of the 2 random draws": lambda: None,
    }
    for message, change in changes.items():
        extra["draws"] = change
        with pytest.raises(SamplerChangedError, match=message):
            tape.generate(z)
    extra["draws"] = lambda: torch.randn(2)
    tape.generate(z)


def test_a_sampler_that_swallows_the_refusal_is_still_refused():
    again = []

    def sampler():
        x = torch.randn(2)
        try:
            return x + torch.randn(3 if again else 2)
        except Exception:
            return x

    tape = noise_tape(sampler)
    again.append(True)
    with pytest.raises(SamplerChangedError, match=r"now randn of shape \(3,\)"):
        tape.generate(tape.recorded_latent[None])


def test_an_output_that_changes_is_refused():
    counter = []

    def sampler():
        counter.append(None)
        return torch.randn(2) + len(counter)

    with pytest.raises(SamplerChangedError, match="another output when the same draws"):
        noise_tape(sampler)


def grows_with_its_values():
    x = torch.randn(3)
    return torch.randn(1 + int(x.abs().sum() * 10))


def trains():
    layer = _LAYER
    loss = layer(torch.randn(2)).square().sum()
    loss.backward()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter -= 0.1 * parameter.grad
    return loss


_LAYER = torch.nn.Linear(2, 1)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (grows_with_its_values, r"now randn of shape \(\d+,\).*must not depend on what it drew"),
        (trains, "a model that it trains"),
        (lambda: torch.randperm(3), "so there is no latent"),
        (lambda: 1.0, "jitted JAX sampler, record a function that draws the noise of its key"),
    ],
)
def test_what_cannot_be_taped_says_why(sampler, message):
    with pytest.raises((ArgumentError, SamplerChangedError), match=message):
        noise_tape(sampler)


def test_a_sampler_that_takes_a_seed_is_told_that_this_is_best_of_n():
    with pytest.raises(ArgumentError, match="a seed alone means best of N"):
        noise_tape(lambda seed: torch.randn(2))
    with pytest.raises(ArgumentError, match=r"sampler needs steps; .*bind its arguments"):
        noise_tape(lambda steps: torch.randn(2))
    assert noise_tape(lambda *_, seed=3, **__: torch.randn(2), check=False).latent_shape == (2,)


def test_bad_arguments_are_errors():
    with pytest.raises(ArgumentError, match="function without arguments"):
        noise_tape(3)
    tape = noise_tape(mixed)
    for z, message in [
        (np.zeros((2, 3)), r"z has shape \(2, 3\); expected \(n, 12\)"),
        (np.zeros(12), r"expected \(n, 12\)"),
        (np.full((1, 12), np.nan), "NaN"),
        (np.full((1, 12), 1.5), r"uniform draw 'rand:2 at test_tape.py:\d+'; expected values in"),
        (np.zeros((1, 12), dtype=int), "int64"),
    ]:
        with pytest.raises(ArgumentError, match=message):
            tape.generate(z)
    assert tape.generate(np.zeros((0, 12))) == []
    for seed in (-1, 2**64, 1.5, True, "7"):
        with pytest.raises(ArgumentError, match="random_seed"):
            tape.latent_from_random_seed(seed)


def test_a_tape_keeps_none_of_the_samplers_tensors():
    alive = []

    def sampler():
        x = torch.randn(4)
        alive.append(weakref.ref(x))
        return float(x.sum())

    tape = noise_tape(sampler, check=False)
    gc.collect()
    assert alive[0]() is None
    tape.generate(tape.recorded_latent[None])


def test_replays_leave_the_global_streams_alone():
    tape = noise_tape(lambda: (torch.randn(2), np.random.random()))
    assert "numpy.random" in tape.report
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    _, held = tape.generate(np.ones((1, 2)))[0]
    assert held == tape.recorded_output[1]
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])


def test_threads_take_turns():
    tape = noise_tape(samplers.langevin)
    z = np.stack([tape.latent_from_random_seed(i) for i in range(3)])
    expected = tape.generate(z)
    found = [None] * 3

    def work(i):
        found[i] = tape.generate(z[i : i + 1])[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_points_between_tapes_with_uniform_draws_stay_inside_their_law():
    tape = noise_tape(mixed)
    seeds = np.stack([tape.latent_from_random_seed(i) for i in range(4)])
    chart = lsbe.SurrogateChart(seeds, transport_map=tape.transport_map)
    z = chart.from_u_to_z(np.random.default_rng(0).random((20, 3)))
    assert ((z[:, 5:] >= 0.0) & (z[:, 5:] <= 1.0)).all()
    assert len(tape.generate(z)) == 20


def test_outputs_that_require_a_gradient_are_detached():
    weight = torch.ones(3, requires_grad=True)

    def sampler():
        x = weight * torch.randn(3)
        return {"x": x, "all": [x, (2.0 * x, "text")]}

    tape = noise_tape(sampler)
    for output in (tape.recorded_output, tape.generate(tape.recorded_latent[None])[0]):
        tensors = [output["x"], output["all"][0], output["all"][1][0]]
        assert not any(tensor.requires_grad for tensor in tensors)
        assert np.asarray(output["x"]).shape == (3,)


def test_samplers_of_one_place_are_told_apart_by_what_they_draw_and_make():
    def scaled(by):
        return lambda: by * torch.randn(2)

    def held(seed):
        return noise_tape(lambda: (torch.randn(2), torch.randint(9, (5,))), held_seed=seed)

    tapes = [
        noise_tape(sampler, name="mine")
        for sampler in (
            lambda: torch.randn(3),
            lambda: torch.rand(2),
            lambda: torch.randn(2, dtype=torch.float64),
            lambda: {"x": torch.randn(2)},
            scaled(2.0),
            scaled(3.0),
        )
    ]
    names = [tape.name for tape in tapes] + [held(0).name, held(1).name]
    assert len(set(names)) == 8
    assert names[4] == noise_tape(scaled(2.0), check=False, name="mine").name
    assert names[6] == held(0).name
    assert names[0].startswith("mine [")


# in another process nothing but the code is the same, and it has drawn other numbers before
SAMPLER_OF_HELD_DRAWS = """
import random, numpy, torch
import latent_spaces_by_example as lsbe

def sampler():
    held = torch.multinomial(torch.ones(40), 5), torch.randperm(20), torch.randint(99, (4,))
    dropped = torch.nn.functional.dropout(torch.ones(20))
    more = random.random(), numpy.random.default_rng().choice(99, 3), numpy.random.permutation(9)
    return torch.randn(2), held, dropped, more, numpy.random.rand(1)

def shown():
    for with_numpy in (True, False):
        tape = lsbe.generators.noise_tape(sampler, numpy=with_numpy, check=with_numpy)
        z = tape.latent_from_random_seed(7)
        output = tape.generate(z[None])[0][: 3 + 2 * with_numpy]
        yield f"{tape.name if with_numpy else ''} {output}"
"""


def test_in_another_process_held_draws_are_the_same_and_pythons_own_stream_is_held(tmp_path):
    (tmp_path / "held_draws.py").write_text(SAMPLER_OF_HELD_DRAWS)
    # not in this process: the type checker of these tests draws from Python's own stream
    code = """
import random, torch, held_draws
import latent_spaces_by_example as lsbe
print(*held_draws.shown(), sep="\\n")
tape = lsbe.generators.noise_tape(lambda: (torch.randn(2), random.random()))
assert "Python's random" in tape.report
before = random.getstate()
assert tape.generate(tape.recorded_latent[None])[0][1] == tape.recorded_output[1]
assert random.getstate() == before
assert "Python's random" not in lsbe.generators.noise_tape(lambda: torch.randn(2)).report
"""
    paths = [str(Path(lsbe.__file__).parents[1]), str(tmp_path)]
    other = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    ).stdout
    here = runpy.run_path(str(tmp_path / "held_draws.py"), run_name="held_draws")
    outputs = list(here["shown"]())
    assert "noise tape of held_draws:sampler [" in outputs[0]
    assert other.splitlines() == "\n".join(outputs).splitlines()


def test_held_draws_differ_from_one_another_and_repeat_with_their_state():
    def sampler():
        again = [torch.randperm(30, generator=seeded(5)) for _ in range(2)]
        return torch.randn(2), torch.randperm(30), torch.randperm(30), *again

    _, *held = noise_tape(sampler).recorded_output
    assert not torch.equal(held[0], held[1])
    assert torch.equal(held[2], held[3])


def test_a_picture_and_a_file_of_one_s_own(tmp_path):
    tape = noise_tape(
        samplers.langevin,
        render=lambda output: f"picture of {len(output)}",
        save=lambda output, path: path.write_text(str(len(output))),
        suffix=".txt",
        name="mine",
    )
    output = tape.generate(tape.recorded_latent[None])[0]
    assert tape.render(output) == "picture of 6"
    tape.save(output, tmp_path / f"best{tape.suffix}")
    assert (tmp_path / "best.txt").read_text() == "6"
    plain = noise_tape(samplers.langevin, check=False)
    assert not any(hasattr(plain, name) for name in ("render", "save", "suffix"))
