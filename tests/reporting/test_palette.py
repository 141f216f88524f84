"""Colours can be told apart with any colour vision, in light and dark.

Sources: Machado, Oliveira, Fernandes (2009), matrices for complete protanopia, deuteranopia and tritanopia, on linear RGB; distances in
Oklab (Ottosson 2020), times 100, of which 2 are just noticeable.
"""

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

Vector = NDArray[np.float64]
KINDS = ("payment", "withdrawal", "fraud-payment", "fraud-withdrawal")
EYES = {
    "all": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the style sheet, for light and for dark screens."""
    style = files("fastgen.reporting").joinpath("page.css").read_text()
    light, dark, *_ = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    return {name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text)) for name, text in (("light", light), ("dark", dark))}


def linear(colour: str) -> Vector:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(colour: str, eyes: Vector) -> Vector:
    seen: Vector = OKLAB @ np.cbrt(CONES @ np.clip(eyes @ linear(colour), 0, 1))
    return seen


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_kinds_are_told_apart(scheme: str, eyes: str) -> None:
    palette = palettes()[scheme]
    for a, b in combinations([*KINDS, "paper"], 2):
        difference = 100 * np.linalg.norm(lab(palette[a], EYES[eyes]) - lab(palette[b], EYES[eyes]))
        assert difference > 12, (a, b)


def test_the_dark_has_all_colours_of_its_own() -> None:
    light, dark = palettes().values()
    assert light.keys() == dark.keys() >= {*KINDS, "paper", "ink", "muted", "grid"}
    assert all(light[name] != dark[name] for name in light)
