"""The page's one style sheet: the theme's colours as variables, then the rules."""

from __future__ import annotations

from typing import Final

from forensics.charts._theme import DARK, LIGHT

_PAGE_LIGHT: Final = {
    "page": LIGHT["page"],
    "raised": "#f7f8f9",
    "line": "#d8dce1",
    "frame": LIGHT["muted"],
    "ink": LIGHT["ink"],
    "soft": LIGHT["soft"],
    "link": "#0a5c99",
    "focus": "#0a5c99",
    "accent": LIGHT["cause"],
    "good": "#00694f",
    "bad": "#b3261e",
    "warn": "#855500",
    "mark": "#fff4cc",
}
_PAGE_DARK: Final = {
    "page": DARK["page"],
    "raised": "#1b2026",
    "line": "#353c45",
    "frame": DARK["muted"],
    "ink": DARK["ink"],
    "soft": DARK["soft"],
    "link": "#7cc4f8",
    "focus": "#7cc4f8",
    "accent": DARK["cause"],
    "good": "#4fd6a8",
    "bad": "#ff9088",
    "warn": "#f0bd4f",
    "mark": "#3d3510",
}

_DARK_BY_SYSTEM: Final = ":root:not([data-theme=light])"


def build_css(rules: str, *, for_pdf: bool) -> str:
    """Return the style sheet: variables for light and dark, chart colours, then ``rules``.

    Paper is always light.
    """
    light, dark = _variables(_PAGE_LIGHT, LIGHT), _variables(_PAGE_DARK, DARK)
    parts = [f":root {{ color-scheme: light dark; {light} }}"]
    if not for_pdf:
        parts += [
            f"@media screen and (prefers-color-scheme: dark) {{ {_DARK_BY_SYSTEM} {{ {dark} }} }}",
            f"@media screen {{ :root[data-theme=dark] {{ color-scheme: dark; {dark} }} }}",
            ":root[data-theme=light] { color-scheme: light; }",
        ]
        for role in LIGHT:
            parts.append(f".f-{role} {{ fill: var(--c-{role}); }}")
            parts.append(f".k-{role} {{ stroke: var(--c-{role}); }}")
    return "\n".join([*parts, rules])


def _variables(page: dict[str, str], chart: dict[str, str]) -> str:
    own = [f"--{name}: {colour};" for name, colour in page.items()]
    drawn = [f"--c-{role}: {colour};" for role, colour in chart.items()]
    # Charts sit on raised cards; their own page colour would show as a patch in the dark.
    return " ".join([*own, *drawn, f"--c-page: {page['raised']};"])
