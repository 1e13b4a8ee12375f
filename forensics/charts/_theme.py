"""Colours and type of every chart: safe for colour-blind eyes, in light and in dark.

Categorical colours follow Okabe and Ito's palette [1]_, darkened where needed so that
graphics keep a contrast of 3:1 against the page (WCAG 2.2, 1.4.11). Text is drawn in
``ink`` or ``soft`` only, which keep 4.5:1. Each light colour occurs once, so that a
drawing's colours can be translated back into roles.

References
----------
.. [1] M. Okabe, K. Ito (2008), "Color Universal Design", J*FLY.
"""

from __future__ import annotations

from typing import Final

LIGHT: Final[dict[str, str]] = {
    "page": "#ffffff",
    "panel": "#fbfbfa",
    "ink": "#1b1f24",
    "soft": "#555d66",
    "grid": "#e3e5e8",
    "frame": "#9aa1a9",
    "muted": "#8a929b",
    "faint": "#d5d9de",
    "s1": "#0072b2",
    "s2": "#c65102",
    "s3": "#008060",
    "s4": "#a8457c",
    "s5": "#9a6a00",
    "s6": "#3d8fc4",
    "s7": "#5b4bb0",
    "s8": "#61707d",
    "cause": "#d1460a",
    "for": "#d55e00",
    "against": "#0069a8",
    "innocent": "#7f8a96",
    "limit": "#a3161f",
    "good": "#00785a",
    "bad": "#b3261e",
    "unknown": "#87765c",
    "model": "#20262d",
}

DARK: Final[dict[str, str]] = {
    "page": "#14171b",
    "panel": "#191d22",
    "ink": "#eceff2",
    "soft": "#aeb6bf",
    "grid": "#2b3138",
    "frame": "#5d6671",
    "muted": "#8b949e",
    "faint": "#3a414a",
    "s1": "#56b4e9",
    "s2": "#ff9a4d",
    "s3": "#2fc79d",
    "s4": "#e59ac4",
    "s5": "#e6b422",
    "s6": "#8fcdf0",
    "s7": "#a99bf5",
    "s8": "#a3b1be",
    "cause": "#ff8a55",
    "for": "#ff9440",
    "against": "#5cb3ec",
    "innocent": "#98a3af",
    "limit": "#ff7b7b",
    "good": "#3ccf9f",
    "bad": "#ff8078",
    "unknown": "#c6b48f",
    "model": "#f4f6f8",
}

SERIES: Final = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8")

#: A single hue from the page to dark, for heat maps (ColorBrewer's Blues, thinned).
HEAT: Final = ("#f4f7fa", "#d0e1f2", "#94c4df", "#4a98c9", "#1764ab", "#08306b")

FONT: Final = "DejaVu Sans"
FONT_SIZE_PT: Final = 8.5


def role_of(index: int) -> str:
    """Return the role of the series number ``index``; after the last it starts anew."""
    return SERIES[index % len(SERIES)]


def text_on(colour: str) -> str:
    """Return the role, ``"page"`` or ``"model"``, of text readable on ``colour``."""
    return "page" if luminance(colour) < 0.3 else "model"


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2, definition)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition)."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)
