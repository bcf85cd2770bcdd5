"""Search a generator whose latent has two parts: translations, and rotations on SO(3)."""

import numpy as np

import latent_spaces_by_example as lsbe
from latent_spaces_by_example.transport_maps import (
    GaussianTransportMap,
    NamedProductTransportMap,
    RotationTransportMap,
)

NUM_RESIDUES = 12
STEP = np.array([3.8, 0.0, 0.0])


class Chain:
    """A chain of residues, in the manner of protein models: noise in position and orientation."""

    name = "chain"
    latent_shape = {"move": (NUM_RESIDUES, 3), "turn": (NUM_RESIDUES, 3, 3)}  # noqa: RUF012
    transport_map = NamedProductTransportMap(
        {
            "move": GaussianTransportMap(scale=5.0),
            "turn": RotationTransportMap(sigma=0.6, representation="matrix"),
        }
    )

    def generate(self, z):
        """Turn the chain's direction at every residue, and shake the positions a little."""
        outputs = []
        for move, turn in zip(z["move"], z["turn"], strict=True):
            frame, ends = np.eye(3), [np.zeros(3)]
            for rotation in turn:
                frame = frame @ rotation
                ends.append(ends[-1] + frame @ STEP)
            outputs.append(np.array(ends[1:]) + 0.1 * move)
        return np.stack(outputs)


def compactness(chains):
    """Return minus the radius of gyration, in ångströms."""
    return [-float(np.sqrt(((x - x.mean(axis=0)) ** 2).sum(axis=1).mean())) for x in chains]


def main():
    generator = Chain()
    draws = [lsbe.seeds.latent_from_random_seed(generator, seed) for seed in range(6)]
    seed_latents = {part: np.stack([z[part] for z in draws]) for part in draws[0]}

    study = lsbe.optimise(generator, compactness, budget=40, seed_latents=seed_latents)
    print(f"radius of gyration of the seeds: {-study.scores[:6].max():.2f} at best")
    print(f"best of {len(study.scores)}: {-study.best_score:.2f}")

    turn = study.best_latent["turn"]
    error = np.abs(turn @ turn.swapaxes(-1, -2) - np.eye(3)).max()
    print(f"its rotations are orthogonal to {error:.0e}")

    chart = lsbe.SurrogateChart(seed_latents, transport_map=generator.transport_map)
    u = np.random.default_rng(0).uniform(0.05, 0.95, (100, 5))
    print(f"u -> z -> u is off by {np.abs(chart.from_z_to_u(chart.from_u_to_z(u)) - u).max():.0e}")


if __name__ == "__main__":
    main()
