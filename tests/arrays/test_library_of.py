import numpy as np
import pytest

from latent_spaces_by_example.arrays import library_of


@pytest.mark.parametrize("value", [np.zeros(3), [[0.5]], 1.0, None, "text", np.float32(1.0)])
def test_what_is_no_other_library_s_array_is_numpy_s(value):
    assert library_of(value).name == "numpy"


def test_an_object_of_another_library_that_is_no_array_is_numpy_s_to_refuse():
    torch = pytest.importorskip("torch")
    assert library_of(torch.nn.Identity()).name == "numpy"
    assert library_of(torch.zeros(3)).name == "torch"
    assert library_of(torch.nn.Parameter(torch.zeros(3))).name == "torch"


def test_numpy_is_not_copied():
    array = np.zeros((2, 3), np.float32)
    library = library_of(array)
    assert np.shares_memory(library.on_host(array, np.s_[:, 1]), array)
    assert library.from_host(array, like=array) is array
