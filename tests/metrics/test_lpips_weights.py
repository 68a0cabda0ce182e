"""LPIPS with the published weights, on the example images of its repository."""

from pathlib import Path

import numpy as np
import pytest
from helpers import make_clip, run
from PIL import Image

from metrics import catalog

PICTURES = Path(__file__).resolve().parents[3] / "shared/assets/images"


def picture(name):
    return np.asarray(Image.open(PICTURES / f"{name}.png").convert("RGB"))[None]


@pytest.mark.shared
@pytest.mark.weights("lpips-alexnet", "lpips-alex-heads")
@pytest.mark.parametrize(("name", "distance"), [("ex_p0", 0.722), ("ex_p1", 0.138)])
def test_the_example_of_the_references_readme(name, distance):
    truth, prediction = picture("ex_ref"), picture(name)
    result = run(catalog.build("lpips/alex"), make_clip(1, *truth.shape[1:3]), prediction, truth)
    assert result.values["lpips/alex"] == pytest.approx(distance, abs=5e-4)
