import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latent_spaces_by_example.errors import ArgumentError
from latent_spaces_by_example.zoo.microstructure.effective_conductivity import EffectiveConductivity
from latent_spaces_by_example.zoo.microstructure.generator import Microstructure
from latent_spaces_by_example.zoo.microstructure.two_phase_conduction import effective_conductivity

STRIPES = np.tile([[True], [False]], (8, 16))


def test_scores_are_in_the_order_of_the_outputs_with_their_figures():
    figures = EffectiveConductivity()([STRIPES, STRIPES.T])
    assert [f["score"] for f in figures] == pytest.approx([1.0, (2 / 1.01) / 50.5])
    assert figures[1]["conductivity"] == pytest.approx(figures[1]["wiener_lower"])
    assert all(f["volume_fraction"] == 0.5 and f["penalty"] == 1.0 for f in figures)
    assert EffectiveConductivity()([]) == []


@pytest.mark.parametrize("blank", [False, True])
def test_neither_nothing_nor_everything_wins(blank):
    """Against the bound at its own fraction either would be perfect."""
    (figures,) = EffectiveConductivity()([np.full((8, 8), blank)])
    assert figures["conductivity"] == pytest.approx(figures["wiener_upper"])
    assert figures["score"] < 0.2


def test_an_excess_costs_and_a_saving_does_not():
    objective = EffectiveConductivity(volume_fraction=0.5, excess_cost=4.0)
    more, less = STRIPES.copy(), STRIPES.copy()
    more[1, :] = True  # one row in sixteen, an eighth of what is allowed
    less[0, :] = False
    over, under = objective([more, less])
    assert over["penalty"] == pytest.approx(1.0 / 1.5)
    assert over["score"] == pytest.approx(over["conductivity"] / 50.5 / 1.5)
    assert under["penalty"] == 1.0


@settings(max_examples=15, deadline=None)
@given(rows=st.integers(0, 16), allowed=st.floats(0.05, 1.0), contrast=st.floats(1.0, 1e4))
def test_no_layers_are_better_than_perfect(rows, allowed, contrast):
    """Layers along the current are the best arrangement of any amount."""
    layers = np.repeat(np.arange(16)[:, None] < rows, 4, axis=1)
    objective = EffectiveConductivity(volume_fraction=allowed, contrast=contrast)
    assert objective([layers])[0]["score"] <= 1.0 + 1e-9


def test_parameters_reach_the_solver():
    generator = Microstructure(size=24, correlation_length=2.0)
    phases = generator.generate(np.random.default_rng(3).standard_normal((1, 24, 24)))[0]
    parameters = {"contrast": 7.0, "direction": "y", "sides": "insulated"}
    (figures,) = EffectiveConductivity(**parameters)([phases])
    assert figures["conductivity"] == effective_conductivity(phases, **parameters)


def test_outputs_that_are_no_materials():
    with pytest.raises(ArgumentError, match="two phases"):
        EffectiveConductivity()([np.zeros((4, 4, 3))])
