"""Two-phase materials: a Gaussian random field, cut at the level of the wanted volume fraction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64
from PIL import Image
from scipy import fft
from scipy.special import ndtri

from latent_spaces_by_example.arguments import check_whole, checked_number
from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.generators.base import checked_latents
from latent_spaces_by_example.parameters import check_choice, written

# Width of the ring over its radius: narrow enough for phases of one size, wide enough to reach
# waves of a grid that holds only a few of them.
_RING_WIDTH = 0.1
_LEAST_POWER = np.exp(-2.0)  # two widths off the ring
_LEAST_PICTURE = 256
_MOST_PIXELS = 4096  # 16.8 million latent dimensions, some 0.5 GB to generate one


def _gaussian(wave_number: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * wave_number**2)


def _ring(wave_number: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * ((wave_number - 1.0) / _RING_WIDTH) ** 2)


_SPECTRA = {"gaussian": _gaussian, "ring": _ring}


@dataclass(frozen=True, kw_only=True)
class Microstructure:
    """Level-cut Gaussian random fields on a periodic square grid: white noise -> two phases.

    With q = (l_x k_x, l_y k_y), l_x = l sqrt(a), l_y = l / sqrt(a), the noise z becomes
    g = IFFT(sqrt(S(|q|)) FFT(z)), divided by its exact standard deviation, and phase 1 is where
    g > Phi^-1(1 - v). Each pixel of g is exactly a standard Gaussian, so v is the expected
    fraction of phase 1 at every pixel, on any grid. Nothing is trained.

    The spectra S are ``"gaussian"``, exp(-q^2 / 2), whose field has the correlation
    exp(-r^2 / (2 l^2)) at distance r (in the limit of a large, fine grid), blobs of all sizes;
    and ``"ring"``, a narrow ring at q = 1, waves of length 2 pi l in all directions, with the
    even-sized, interwoven phases of spinodal decomposition.

    There is no ``invert``: the cut throws the field's values away, and many latents make the
    same picture.

    Args:
        size: pixels along each side, 2 to 4096; the latent dimension is its square.
        correlation_length: l in pixels, more than 0 and at most the size.
        volume_fraction: v, expected fraction of phase 1, strictly between 0 and 1.
        anisotropy: a, the ratio of the correlation lengths along x and y; above 1 phases are
            drawn out along x.
        spectrum: "gaussian" or "ring".

    Raises:
        ArgumentError: a parameter is out of its range.

    Sources:
        Cahn 1965, J. Chem. Phys. 42, 93; Berk 1987, Phys. Rev. Lett. 58, 2718; Teubner 1991,
        Europhys. Lett. 14, 403; Torquato 2002, Random Heterogeneous Materials, section 8.3.

    >>> generator = Microstructure(size=64, correlation_length=4.0, volume_fraction=0.3)
    >>> z = np.random.default_rng(0).standard_normal((2, *generator.latent_shape))
    >>> phases = generator.generate(z)
    >>> phases.shape, phases.dtype
    ((2, 64, 64), dtype('bool'))
    """

    suffix: ClassVar[str] = ".png"
    default_objective: ClassVar[str] = "effective-conductivity"
    num_candidates: ClassVar[int] = 16

    size: int = 256
    correlation_length: float = 8.0
    volume_fraction: float = 0.5
    anisotropy: float = 1.0
    spectrum: str = "gaussian"

    def __post_init__(self) -> None:
        """Check the parameters."""
        check_whole(self.size, argument="size")
        checked_number(self.size, argument="size", low=2, high=_MOST_PIXELS)
        ranges = {
            "correlation_length": (0.0, float(self.size)),
            "volume_fraction": (0.0, float(np.nextafter(1.0, 0.0))),
            "anisotropy": (0.0, 1000.0),
        }
        for name, (low, high) in ranges.items():
            checked_number(getattr(self, name), argument=name, low=low, high=high, above=True)
        check_choice(self.spectrum, argument="spectrum", choices=_SPECTRA)
        if not self._power().max() > _LEAST_POWER:
            raise ArgumentError(
                f"the ring of wave length {2 * np.pi * self.correlation_length:.3g} pixels lies "
                "off every wave of this grid; choose a size of several wave lengths, and a wave "
                "length of several pixels"
            )

    @property
    def latent_shape(self) -> tuple[int, int]:
        """Return (ny, nx): one standard Gaussian for each pixel."""
        return (self.size, self.size)

    @property
    def name(self) -> str:
        """Return the string that ``generators.load`` makes this generator from again."""
        return written("microstructure", vars(self))

    def _power(self) -> Float64[np.ndarray, "ny nx"]:
        """Return S at every wave of the grid, not normalised."""
        waves = 2.0 * np.pi * np.fft.fftfreq(self.size)
        stretch = np.sqrt(self.anisotropy)
        q = self.correlation_length * np.hypot(waves * stretch, waves[:, None] / stretch)
        return np.asarray(_SPECTRA[self.spectrum](q))

    def fields(self, z: npt.ArrayLike) -> Float64[np.ndarray, "n ny nx"]:
        """Return the Gaussian fields before the cut: zero mean, unit variance at every pixel.

        Args:
            z: latents, shape (n, size, size).

        Raises:
            ArgumentError: z has another shape, or holds values that are not finite numbers.

        >>> Microstructure(size=8).fields(np.zeros((1, 8, 8))).shape
        (1, 8, 8)
        """
        noise = checked_latents(z, latent_shape=self.latent_shape)
        power = self._power()
        # white noise of unit variance has E|FFT|^2 = 1 per wave and pixel, hence the mean power
        amplitude = np.sqrt(power / power.mean())[:, : self.size // 2 + 1]
        result = np.empty(noise.shape)
        for one, out in zip(noise, result, strict=True):  # one by one: no effect of the batch
            out[:] = fft.irfft2(fft.rfft2(one.astype(np.float64)) * amplitude, s=out.shape)
        return result

    def generate(self, z: npt.ArrayLike) -> Bool[np.ndarray, "n ny nx"]:
        """Make materials of latents z, shape (n, size, size): true where phase 1 is.

        Raises:
            ArgumentError: z has another shape, or holds values that are not finite numbers.
        """
        return np.asarray(self.fields(z) > ndtri(1.0 - self.volume_fraction))

    def features(self, outputs: Sequence[npt.ArrayLike]) -> Float64[np.ndarray, "n p"]:
        """Return two-point statistics of n materials: fraction, then S2 along x and along y.

        S2(r) is the probability that two pixels at distance r along an axis are both of phase 1,
        for r = 1, 2, 4, ... pixels, up to half the size.

        Source: Torquato 2002, Random Heterogeneous Materials, section 2.1.

        >>> stripes = np.tile([True, False], (8, 4))
        >>> Microstructure(size=8).features([stripes]).round(9).tolist()
        [[0.5, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5]]
        """
        lags = 2 ** np.arange(max(1, self.size.bit_length() - 1))
        lags = lags[lags <= self.size // 2]
        rows = []
        for output in outputs:
            phase = np.asarray(output, dtype=np.float64)
            power = np.abs(fft.rfft2(phase)) ** 2
            together = fft.irfft2(power, s=phase.shape) / phase.size
            rows.append(np.concatenate([together[:1, 0], together[0, lags], together[lags, 0]]))
        return np.stack(rows)

    def render(self, output: npt.ArrayLike) -> Image.Image:
        """Draw one material, phase 1 dark, at least 256 pixels wide."""
        scale = -(-_LEAST_PICTURE // self.size)
        return _picture(output).resize((scale * self.size,) * 2, Image.Resampling.NEAREST)

    def save(self, output: npt.ArrayLike, path: str | Path) -> None:
        """Write one material: one grey pixel each as .png (phase 1 is 0, black), or as .npy."""
        if Path(path).suffix == ".npy":
            np.save(path, np.asarray(output, dtype=bool))
        elif Path(path).suffix == ".png":
            _picture(output).save(path)
        else:
            raise ArgumentError(f"path is {str(path)!r}; expected it to end in .png or .npy")


def _picture(output: npt.ArrayLike) -> Image.Image:
    return Image.fromarray(np.where(np.asarray(output, dtype=bool), 0, 255).astype(np.uint8))
