"""The kernel over angles and features: its covariance, its gradients, and what the fit makes."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from latent_spaces_by_example.search.latent_gp.directions import on_sphere
from latent_spaces_by_example.search.latent_gp.output_kernel import (
    OutputKernel,
    _negative_log_posterior,
    fit_output_kernel,
    posterior_of_outputs,
)
from latent_spaces_by_example.search.latent_gp.process import (
    PERHAPS_NOISY,
    AngleKernel,
    Posterior,
    fit_kernel,
)

RNG = np.random.default_rng(0)
LATENTS = on_sphere(RNG.standard_normal((24, 30)))
OUTPUTS = RNG.standard_normal((24, 3)) / 3**0.5
POINTS = np.concatenate([LATENTS, OUTPUTS], axis=1)


def test_without_weight_on_outputs_it_is_the_kernel_of_angles():
    seeing = OutputKernel((0.3, 0.7, 1.2), (0.0, 0.0, 1.0), 0.01, num_features=3)
    angles = AngleKernel(linear=0.3, smooth=0.7, length=1.2, noise=0.01)
    np.testing.assert_allclose(
        seeing.between(POINTS, POINTS[:5]), angles.between(LATENTS, LATENTS[:5]), atol=1e-12
    )


def test_a_covariance_is_positive_and_has_its_variance_on_the_diagonal():
    kernel = OutputKernel((0.3, 0.7, 1.2), (0.4, 0.6, 0.8), 0.01, num_features=3)
    covariance = kernel.between(POINTS, POINTS)
    # the chord of a point with itself is the root of a rounding error
    np.testing.assert_allclose(np.diagonal(covariance), kernel.at(POINTS), rtol=1e-6)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_the_gradient_of_the_fit_is_that_of_finite_differences():
    apart = cdist(OUTPUTS, OUTPUTS)
    values = np.sin(3 * OUTPUTS[:, 0]) + LATENTS[:, 0]
    logs = np.log([0.7, 0.9, 0.02])

    def at(x):
        return _negative_log_posterior(x, apart, values, PERHAPS_NOISY)

    step = 1e-5 * np.eye(3)
    differences = [(at(logs + h)[0] - at(logs - h)[0]) / 2e-5 for h in step]
    np.testing.assert_allclose(at(logs)[1], differences, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("of_outputs", [True, False])
def test_the_evidence_says_what_counts(of_outputs):
    trend = 2 * OUTPUTS[:, 0] if of_outputs else 10 * LATENTS[:, 0]
    _, by_outputs = fit_output_kernel(POINTS, trend, num_features=3, noise=PERHAPS_NOISY)
    _, by_angles = fit_kernel(LATENTS, trend, noise=PERHAPS_NOISY)
    assert (by_outputs > by_angles) == of_outputs


def test_the_posterior_meets_exact_scores_whatever_is_fitted():
    scores = 100 + 7 * OUTPUTS[:, 0]
    posterior = posterior_of_outputs(
        POINTS, scores, num_fitted=18, num_features=3, noise=PERHAPS_NOISY
    )
    assert np.corrcoef(posterior.mean(POINTS), scores)[0, 1] > 0.99
    prediction = Posterior.predict(posterior, POINTS)
    assert prediction.mean_gradient.shape == (24, 0)
    assert (prediction.spread < 0.5).all()
