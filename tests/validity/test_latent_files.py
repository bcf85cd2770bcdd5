import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save_file

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.validity.latent_files import read_latents

Z = np.random.default_rng(0).standard_normal((3, 4, 8)).astype(np.float32)


def test_npy(tmp_path):
    np.save(tmp_path / "z.npy", Z)
    found = read_latents(tmp_path / "z.npy")
    np.testing.assert_array_equal(found.latents, Z)
    assert found.names is None


def test_the_only_tensor_and_its_names(tmp_path):
    path = tmp_path / "z.safetensors"
    save_file({"noise": Z}, path, metadata={"name_0": "a", "name_1": "b", "name_2": "c"})
    found = read_latents(path)
    np.testing.assert_array_equal(found.latents, Z)
    assert found.names == ("a", "b", "c")


def test_a_run_folder(tmp_path):
    save_file({"seed_latents": Z, "other": Z[:1]}, tmp_path / "seed_latents.safetensors")
    np.testing.assert_array_equal(read_latents(tmp_path).latents, Z)


def test_bfloat16(tmp_path):
    halves = (Z.view(np.uint32) >> 16).astype("<u2")
    entry = {"dtype": "BF16", "shape": list(Z.shape), "data_offsets": [0, halves.nbytes]}
    header = json.dumps({"z": entry}).encode()
    path = tmp_path / "z.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + halves.tobytes())
    np.testing.assert_allclose(read_latents(path).latents, Z, rtol=2**-7)


def test_which_tensor(tmp_path):
    path = tmp_path / "z.safetensors"
    save_file({"a": Z, "b": 2 * Z}, path)
    np.testing.assert_array_equal(read_latents(path, tensor="b").latents, 2 * Z)
    with pytest.raises(ArgumentError, match=r"no tensor was named; .* holds a, b"):
        read_latents(path)
    with pytest.raises(ArgumentError, match=r"there is no tensor 'c'; .* holds a, b"):
        read_latents(path, tensor="c")


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(ArgumentError, match="there is no file"):
        read_latents(tmp_path / "none.npy")
    with pytest.raises(ArgumentError, match=r"there is no file .*seed_latents.safetensors"):
        read_latents(tmp_path)
    for name in ("z.npy", "z.safetensors"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(ArgumentError, match="cannot be read as"):
            read_latents(tmp_path / name)
    np.save(tmp_path / "cut.npy", Z)
    content = (tmp_path / "cut.npy").read_bytes()
    for length in (20, 60, 100, 140):
        (tmp_path / "cut.npy").write_bytes(content[:length])
        with pytest.raises(ArgumentError, match=r"cut.npy' cannot be read as .npy"):
            read_latents(tmp_path / "cut.npy")
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(ArgumentError, match="cannot be read as"):
        read_latents(tmp_path / "o.npy")
    (tmp_path / "z.csv").write_text("1,2")
    with pytest.raises(ArgumentError, match=r"expected .safetensors or .npy"):
        read_latents(tmp_path / "z.csv")
    np.save(tmp_path / "z.npy", Z)
    with pytest.raises(ArgumentError, match="holds one array"):
        read_latents(tmp_path / "z.npy", tensor="a")
