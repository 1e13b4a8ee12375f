"""Every growth model finds its own parameters again and doesn't care about the units."""

import numpy as np
import pytest

from forensics.growth import fit
from forensics.growth._curves import REQUIRED, find_shapes
from forensics.plugins import find_plugins

MODELS = [plugin.module for plugin in find_plugins("forensics.growth", REQUIRED)]
TRUTH = {
    "constant": (5e8,),
    "linear": (5e8, 2e4),
    "piecewise": (5e8, 5000.0, 6e4),
    "exponential": (4e8, 5e7, 3e-4),
    "power": (5e8, 3e6, 0.5),
    "saturating": (3e8, 4e8, 2500.0),
    "logistic": (3e8, 4e8, 4000.0, 700.0),
    "staircase": (3e8, 2e8, 6005.0),
    "load_following": (4e8, 3e4),
    "per_request": (4e8, 3e4),
}
T = np.arange(0.0, 10_000.0, 10.0)


def bounds(model):
    low, high = zip(*(limits for _, _, limits in model.PARAMETERS), strict=True)
    return low, high


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.NAME)
def test_a_model_finds_its_own_parameters_again(model):
    truth = np.array(TRUTH[model.NAME])
    y = model.predict(T, *truth)
    start = model.guess(T, y)
    found = fit(model.predict, T, y, start=start, bounds=bounds(model)).parameters
    assert model.predict(T, *found) == pytest.approx(y, rel=1e-6)
    if model.NAME != "staircase":
        assert found == pytest.approx(truth, rel=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.NAME)
def test_a_guess_scales_with_the_unit_of_memory(model):
    y = model.predict(T, *TRUTH[model.NAME])
    small, large = model.guess(T, y), model.guess(T, y * 1024)
    assert model.predict(T, *large) == pytest.approx(1024 * model.predict(T, *small), rel=1e-9)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.NAME)
def test_a_model_declares_what_the_folder_asks_for(model):
    assert model.__name__.endswith(model.NAME)
    assert isinstance(model.IS_LEAK, bool)
    assert len(model.PARAMETERS) == len(TRUTH[model.NAME])


@pytest.mark.parametrize(
    "shape", find_shapes(), ids=lambda shape: f"{shape.name}-{shape.grid[0]:.3g}"
)
def test_curves_rise_from_start_to_end_of_the_unit_window(shape):
    u = np.linspace(0, 1, 50)
    curves = shape.curve(u, shape.grid)
    assert curves.shape == (shape.grid.size, 50)
    assert (np.diff(curves, axis=1) >= -1e-12).all()
    if shape.name != "logistic":
        assert curves[:, 0] == pytest.approx(0, abs=1e-12)
        assert curves[:, -1] == pytest.approx(1)
