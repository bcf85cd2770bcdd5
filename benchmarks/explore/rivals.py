"""Two other ways to choose a gallery by preferences, on the unit hypercube."""

from __future__ import annotations

import warnings

import numpy as np


class OptunaDashboard:
    """The favourite so far and eight of optuna-dashboard's ``PreferentialGPSampler``.

    The one chosen is reported as better than each of the others, as its page does. It has no model
    of which trial is best, so the favourite is the one chosen last.
    """

    def __init__(self, num_dims, *, seed):
        import optuna
        from optuna_dashboard.preferential import create_study
        from optuna_dashboard.preferential.samplers.gp import PreferentialGPSampler

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore")
        space = {f"u{i:03d}": optuna.distributions.FloatDistribution(0, 1) for i in range(num_dims)}
        self._space = space
        self._study = create_study(n_generate=8, sampler=PreferentialGPSampler(seed=seed))
        self._shown = []

    def _point(self, trial):
        return np.array([trial.params[name] for name in self._space])

    def gallery(self, answer, num):
        kept = []
        if answer is not None:
            best = self._shown[answer]
            others = [trial for trial in self._shown if trial is not best]
            trials = self._study.trials
            self._study.report_preference(trials[best.number], [trials[o.number] for o in others])
            kept = [best]
        asked = [self._study.ask(self._space) for _ in range(num - len(kept))]
        self._shown = [*kept, *asked]
        return np.stack([self._point(trial) for trial in self._shown])

    def favourite(self, answer):
        return self._point(self._shown[answer])


class Qeubo:
    """The favourite so far and eight by BoTorch's ``PairwiseGP`` and ``qEUBO``."""

    def __init__(self, num_dims, *, seed):
        import torch

        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        self._torch, self._num_dims = torch, num_dims
        self._points = torch.zeros((0, num_dims), dtype=torch.double)
        self._pairs, self._shown, self._model = [], [], None

    def gallery(self, answer, num):
        torch = self._torch
        if self._model is None:
            new = torch.rand((num, self._num_dims), dtype=torch.double)
            kept = []
        else:
            from botorch.acquisition.preference import qExpectedUtilityOfBestOption
            from botorch.optim import optimize_acqf

            kept = [self._best()]
            new, _ = optimize_acqf(
                qExpectedUtilityOfBestOption(self._model, X_pending=self._points[kept]),
                bounds=torch.stack(
                    [torch.zeros(self._num_dims), torch.ones(self._num_dims)]
                ).double(),
                q=num - 1,
                num_restarts=2,
                raw_samples=64,
                sequential=True,
                options={"maxiter": 50},
            )
        first = len(self._points)
        self._points = torch.cat([self._points, new])
        self._shown = [*kept, *range(first, len(self._points))]
        return self._points[self._shown].numpy()

    def favourite(self, answer):
        from botorch.fit import fit_gpytorch_mll
        from botorch.models.pairwise_gp import PairwiseGP, PairwiseLaplaceMarginalLogLikelihood

        best = self._shown[answer]
        self._pairs += [[best, other] for other in self._shown if other != best]
        self._model = PairwiseGP(self._points, self._torch.tensor(self._pairs))
        fit_gpytorch_mll(
            PairwiseLaplaceMarginalLogLikelihood(self._model.likelihood, self._model),
            optimizer_kwargs={"options": {"maxiter": 30}},
        )
        return self._points[self._best()].numpy()

    def _best(self):
        with self._torch.no_grad():
            return int(self._model.posterior(self._points).mean.argmax())


RIVALS = {"optuna-dashboard": OptunaDashboard, "qeubo": Qeubo}
