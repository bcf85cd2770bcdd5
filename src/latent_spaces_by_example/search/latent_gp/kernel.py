"""The covariance of scores as a function of the angle between two latents, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

_ROOT5 = np.sqrt(5.0)


@dataclass(frozen=True)
class AngleKernel:
    """k(s) = linear * s + smooth * M(sqrt(2 - 2 s) / length), s the cosine of the angle.

    M is the Matern function of smoothness 5/2, M(r) = (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r),
    and sqrt(2 - 2 s) the chord between two points of the unit sphere. The linear term alone
    finds the direction of a trend from prior draws, however many dimensions the latent has; the
    Matern term sees hills and valleys. Both are positive definite on the sphere in any dimension.

    Attributes:
        linear: variance of the linear term, positive.
        smooth: variance of the Matern term, positive.
        length: length scale on the chord, positive; the chord is at most 2.
        noise: variance of the noise of a score, positive.
    """

    linear: float
    smooth: float
    length: float
    noise: float

    @classmethod
    def from_logs(cls, logs: Float64[np.ndarray, " 4"]) -> AngleKernel:
        """The kernel whose four attributes have these natural logarithms."""
        linear, smooth, length, noise = np.exp(logs).tolist()
        return cls(linear=linear, smooth=smooth, length=length, noise=noise)

    @property
    def variance(self) -> float:
        """Prior variance of the noise-free score at one point."""
        return self.linear + self.smooth

    def __call__(self, cosine: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Covariance at each cosine, without noise."""
        ratio = _ROOT5 * self._ratio(cosine)
        matern = (1 + ratio + ratio**2 / 3) * np.exp(-ratio)
        covariance: Float64[np.ndarray, "*shape"] = self.linear * cosine + self.smooth * matern
        return covariance

    def slope(self, cosine: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """dk/ds, finite at s = 1 too: there the chord's infinite slope meets M'(0) = 0."""
        ratio = _ROOT5 * self._ratio(cosine)
        slope: Float64[np.ndarray, "*shape"] = (
            5 / (3 * self.length**2) * (1 + ratio) * np.exp(-ratio)
        )
        return self.linear + self.smooth * slope

    def log_gradients(self, cosine: Float64[np.ndarray, "n n"]) -> list[Float64[np.ndarray, "n n"]]:
        """Derivatives of the covariance by the logarithms of linear, smooth and length."""
        ratio = _ROOT5 * self._ratio(cosine)
        decay = np.exp(-ratio)
        return [
            self.linear * cosine,
            self.smooth * (1 + ratio + ratio**2 / 3) * decay,
            self.smooth * ratio**2 / 3 * (1 + ratio) * decay,
        ]

    def _ratio(self, cosine: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        chord: Float64[np.ndarray, "*shape"] = np.sqrt(np.maximum(2 - 2 * cosine, 0.0))
        return chord / self.length
