"""What is optimised: generators of the library with an objective, and synthetic functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import synthetic


@dataclass(frozen=True)
class Task:
    """A score over latents.

    Attributes:
        name: as it stands in the table.
        dims: the latent's.
        score: latent of shape (d,) -> score, higher is better.
        noise: standard deviation of what is added to the score that a method sees.
        given: latents of the examples, shape (K, d); a search then stays between them.
        features: latents, shape (n, d) -> the generator's features of their outputs, (n, p).
        num_candidates: how many outputs a proposal may look at by these.
    """

    name: str
    dims: int
    score: Callable[[np.ndarray], float]
    noise: float = 0.0
    given: np.ndarray | None = None
    features: Callable[[np.ndarray], np.ndarray] | None = None
    num_candidates: int = 1


def load(name: str) -> Task:
    """Make the task of that name; only then are its packages imported."""
    if name in _GENERATED:
        return _GENERATED[name](name)
    kind, _, dims = name.rpartition("-")
    function = synthetic.FUNCTIONS[kind]
    return Task(
        name, int(dims), synthetic.on_projections(function, int(dims)), noise=function.noise
    )


def names() -> list[str]:
    """All tasks, the cheap ones first."""
    return [f"{kind}-{dims}" for kind, dims in synthetic.GRID] + list(_GENERATED)


def _of_generator(name: str, generator: str, objective: str) -> Task:
    from latent_spaces_by_example import generators, objectives

    made, scored = generators.load(generator), objectives.load(objective)
    shape = made.latent_shape

    def score(latent: np.ndarray) -> float:
        result = next(iter(scored(made.generate(latent.reshape(1, *shape)))))
        return float(result["score"] if isinstance(result, dict) else result)

    def features(latents: np.ndarray) -> np.ndarray:
        return np.asarray(made.features(made.generate(latents.reshape(-1, *shape))))

    return Task(
        name,
        int(np.prod(shape)),
        score,
        features=features,
        num_candidates=made.num_candidates,
    )


def _airfoil_examples(name: str) -> Task:
    from latent_spaces_by_example import generators

    generator = generators.load("airfoil")
    examples = [generator.example(e) for e in ("naca2412", "s1223", "rae2822", "e387", "clarky")]
    given = np.asarray(generator.invert(np.stack(examples)), dtype=np.float64)
    return replace(_of_generator(name, "airfoil", "lift-to-drag:floors=penalties"), given=given)


def _airfoil_inverse(name: str) -> Task:
    """Find the section whose surface velocities are those of a given one."""
    from neuralfoil import get_aero_from_kulfan_parameters

    from latent_spaces_by_example import generators
    from latent_spaces_by_example.zoo.airfoil import resample
    from latent_spaces_by_example.zoo.airfoil.neural_foil import fit_kulfan

    generator = generators.load("airfoil")
    alphas = np.array([0.0, 3.0, 6.0])

    def velocities(section: np.ndarray) -> np.ndarray:
        rows = np.repeat(fit_kulfan(np.asarray(resample(section))[None])[0], len(alphas), axis=0).T
        kulfan = {
            "lower_weights": rows[:8],
            "upper_weights": rows[8:16],
            "leading_edge_weight": rows[16],
            "TE_thickness": rows[17],
        }
        found = get_aero_from_kulfan_parameters(kulfan, alpha=alphas, Re=1e6)
        return np.stack([found[key] for key in found if "_bl_ue/vinf_" in key])

    goal = velocities(generator.example("rae2822"))

    def score(latent: np.ndarray) -> float:
        velocity = velocities(generator.generate(latent[None])[0])
        return -float(np.sqrt(((velocity - goal) ** 2).mean()))

    def features(latents: np.ndarray) -> np.ndarray:
        return generator.features(generator.generate(latents))

    return Task(
        name,
        generator.latent_shape[0],
        score,
        features=features,
        num_candidates=generator.num_candidates,
    )


_GENERATED: dict[str, Callable[[str], Task]] = {
    "airfoil": lambda name: _of_generator(name, "airfoil", "lift-to-drag:floors=penalties"),
    "airfoil-slow": lambda name: _of_generator(
        name, "airfoil", "lift-to-drag:cl=0.6,reynolds=3e5,floors=penalties"
    ),
    "airfoil-examples": _airfoil_examples,
    "airfoil-inverse": _airfoil_inverse,
    "digits": lambda name: _of_generator(name, "digits", "digit-margin"),
    "microstructure": lambda name: _of_generator(name, "microstructure", "effective-conductivity"),
}
