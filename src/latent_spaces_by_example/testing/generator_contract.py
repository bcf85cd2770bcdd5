"""Tests that any generator passes, to inherit."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np


class GeneratorContract:
    """Tests that pytest runs for any subclass that gives a ``generator``.

    ``generate`` is deterministic, takes batches of any size, and treats every latent of a batch
    on its own; what is optional is tested where the generator has it. For example::

        class TestMyGenerator(GeneratorContract):
            random_seed = 3

            def make_generator(self):
                return MyGenerator()

    Attributes:
        random_seed: seed of the latents that are tried.
        num_latents: how many are tried, at least 2.
        batch_tolerance: largest difference, relative to the largest value, between a latent's
            output in a batch and alone.
        inverse_tolerance: largest difference, relative likewise, between an output and
            ``generate(invert(output))``.
    """

    random_seed = 0
    num_latents = 4
    batch_tolerance = 1e-4
    inverse_tolerance = 1e-3

    def make_generator(self) -> Any:
        """Return the generator to test: the one thing that a subclass must define."""
        raise AssertionError(f"{type(self).__name__} must define make_generator()")

    def make_latents(self, generator: Any) -> np.ndarray:
        """Draw latents to test with; override where the law is not independent N(0, 1)."""
        rng = np.random.default_rng(self.random_seed)
        return rng.standard_normal((self.num_latents, *generator.latent_shape))

    def test_latent_shape_is_a_tuple_of_positive_integers(self) -> None:
        """``latent_shape`` describes one latent."""
        shape = self.make_generator().latent_shape
        assert isinstance(shape, tuple)
        assert shape
        assert all(isinstance(size, int) and size > 0 for size in shape)

    def test_one_output_per_latent(self) -> None:
        """``generate`` gives n outputs for n latents, for n = 1 too."""
        generator = self.make_generator()
        z = self.make_latents(generator)
        assert len(generator.generate(z)) == self.num_latents
        assert len(generator.generate(z[:1])) == 1

    def test_same_latents_same_outputs(self) -> None:
        """Called twice, and by a second instance, ``generate`` gives the same bits."""
        generator = self.make_generator()
        z = self.make_latents(generator)
        first = [np.asarray(output) for output in generator.generate(z)]
        for again in (generator.generate(z), self.make_generator().generate(z)):
            for one, other in zip(first, again, strict=True):
                np.testing.assert_array_equal(one, np.asarray(other))

    def test_latents_are_left_as_they_were(self) -> None:
        """``generate`` does not write into its argument."""
        generator = self.make_generator()
        z = self.make_latents(generator)
        before = z.copy()
        generator.generate(z)
        np.testing.assert_array_equal(z, before)

    def test_different_latents_different_outputs(self) -> None:
        """``generate`` does use its latents."""
        generator = self.make_generator()
        first, second = generator.generate(self.make_latents(generator))[:2]
        assert not np.array_equal(np.asarray(first), np.asarray(second))

    def test_batch_does_not_matter(self) -> None:
        """A latent gives the same output alone as in a batch, to rounding."""
        generator = self.make_generator()
        z = self.make_latents(generator)
        together = generator.generate(z)
        for i in range(len(z)):
            self._assert_close(generator.generate(z[i : i + 1])[0], together[i], "batch")

    def test_invert_finds_latents_of_outputs(self) -> None:
        """``generate(invert(x))`` is x for what the generator itself made."""
        if not (generator := self._generator_with("invert")):
            return
        outputs = generator.generate(self.make_latents(generator))
        z = generator.invert(outputs)
        assert np.shape(z) == (len(outputs), *generator.latent_shape)
        for again, output in zip(generator.generate(z), outputs, strict=True):
            self._assert_close(again, output, "inverse")

    def test_latent_from_random_seed(self) -> None:
        """A random seed gives the same latent each time, and another seed another one."""
        if not (generator := self._generator_with("latent_from_random_seed")):
            return
        first = np.asarray(generator.latent_from_random_seed(1))
        assert first.shape == tuple(generator.latent_shape)
        np.testing.assert_array_equal(first, np.asarray(generator.latent_from_random_seed(1)))
        assert not np.array_equal(first, np.asarray(generator.latent_from_random_seed(2)))

    def test_render_gives_a_picture(self) -> None:
        """``render`` gives a PIL image with something on it."""
        if not (generator := self._generator_with("render")):
            return
        picture = generator.render(generator.generate(self.make_latents(generator))[0])
        assert np.ptp(np.asarray(picture)) > 0

    def test_save_writes_a_file(self, tmp_path: Path) -> None:
        """``save`` writes a file that is not empty, and ``suffix`` is an ending with its dot."""
        if not (generator := self._generator_with("save")):
            return
        assert generator.suffix.startswith(".")
        path = tmp_path / f"output{generator.suffix}"
        generator.save(generator.generate(self.make_latents(generator))[0], path)
        assert path.stat().st_size > 0

    def _generator_with(self, method: str) -> Any:
        """Return the generator if it has this optional method, or None."""
        generator = self.make_generator()
        return generator if inspect.isroutine(getattr(generator, method, None)) else None

    def _assert_close(self, actual: Any, expected: Any, kind: str) -> None:
        expected = np.asarray(expected)
        tolerance = getattr(self, f"{kind}_tolerance") * max(np.abs(expected).max(), 1e-300)
        np.testing.assert_allclose(np.asarray(actual), expected, rtol=0.0, atol=tolerance)
