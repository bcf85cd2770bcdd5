"""The surrogate chart alone: from coordinates in a cube to latents of a model, and back."""

import numpy as np

import latent_spaces_by_example as lsbe


def main() -> None:
    rng = np.random.default_rng(0)
    # Five latents of a model; here random ones, usually those behind five examples.
    seed_latents = rng.standard_normal((5, 4, 16, 16), dtype=np.float32)
    chart = lsbe.knothe_rosenblatt_surrogate_chart(seed_latents)

    # Every point of the cube is a latent that the model could have drawn.
    u = rng.random((8, chart.num_seeds - 1))
    z = chart.from_u_to_z(u)
    u_again = chart.from_z_to_u(z)

    print(f"seed latents  {seed_latents.shape}  {seed_latents.dtype}")
    print(f"u             {u.shape}  {u.dtype}")
    print(f"z             {z.shape}  {z.dtype}")
    print(f"round trip    {np.abs(u_again - u).max():.1e}")


if __name__ == "__main__":
    main()
