"""The covariance of scores as a function of the angle between two latents, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import brentq

from latent_spaces_by_example.search.latent_gp.matern import FIVE_HALVES, Matern


@dataclass(frozen=True)
class AngleKernel:
    """k(s) = linear * s + smooth * M(sqrt(2 - 2 s) / length), s the cosine of the angle.

    M is a Matern function, and sqrt(2 - 2 s) the chord between two points of the unit sphere. The
    linear term alone finds the direction of a trend from prior draws, however many dimensions the
    latent has; the Matern term sees hills and valleys. Both are positive definite on the sphere
    in any dimension.

    Attributes:
        linear: variance of the linear term, positive.
        smooth: variance of the Matern term, positive.
        length: length scale on the chord, positive; the chord is at most 2.
        noise: variance of the noise of a score, positive.
        matern: the function M.
    """

    linear: float
    smooth: float
    length: float
    noise: float
    matern: Matern = FIVE_HALVES

    @classmethod
    def from_logs(
        cls, logs: Float64[np.ndarray, " 4"], *, matern: Matern = FIVE_HALVES
    ) -> AngleKernel:
        """The kernel whose first four attributes have these natural logarithms."""
        linear, smooth, length, noise = np.exp(logs).tolist()
        return cls(linear=linear, smooth=smooth, length=length, noise=noise, matern=matern)

    @property
    def variance(self) -> float:
        """Prior variance of the noise-free score at one point."""
        return self.linear + self.smooth

    def __call__(self, cosine: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        """Covariance at each cosine, without noise."""
        return self.with_slope(cosine)[0]

    def with_slope(
        self, cosine: Float64[np.ndarray, "*shape"]
    ) -> tuple[Float64[np.ndarray, "*shape"], Float64[np.ndarray, "*shape"]]:
        """Covariance k(s) at each cosine s, and dk/ds.

        That is finite at s = 1 too: there the chord's infinite slope meets M'(0) = 0.
        """
        value, slope = self.matern.with_slope(self._ratio(cosine))
        covariance = self.linear * cosine + self.smooth * value
        return covariance, self.linear + self.smooth / self.length**2 * slope

    def telling_angle(self, most: float, *, news: float = 1.0, related: float = 0.0) -> float:
        """The angle from a known score at which the next one is as much news as noise, in radians.

        There the variance of the score given the known one, k(1) - k(cos t)^2 / k(1), is that of
        the noise. A shorter step along a direction of which nothing is known tells less of that
        direction than of the noise.

        Args:
            most: what is returned if the angle is larger; at most pi / 2.
            news: how many times as much news as noise it is to be.
            related: the least correlation with the known score; where that is nearer, the angle is
                there.
        """

        def surplus(angle: float) -> float:
            correlation = float(self(np.array([np.cos(angle)]))[0]) / self.variance
            told = self.variance * (1 - correlation**2) - news * self.noise
            return max(told, self.variance * (related - correlation))

        return float(brentq(surplus, 0.0, most)) if surplus(most) > 0 else most

    def log_gradients(self, cosine: Float64[np.ndarray, "n n"]) -> list[Float64[np.ndarray, "n n"]]:
        """Derivatives of the covariance by the logarithms of linear, smooth and length."""
        ratio = self._ratio(cosine)
        value, slope = self.matern.with_slope(ratio)
        return [self.linear * cosine, self.smooth * value, self.smooth * ratio**2 * slope]

    def _ratio(self, cosine: Float64[np.ndarray, "*shape"]) -> Float64[np.ndarray, "*shape"]:
        chord: Float64[np.ndarray, "*shape"] = np.sqrt(np.maximum(2 - 2 * cosine, 0.0))
        return chord / self.length
