"""Fit a drawn SVG into a page: colours by class, no style attributes, ids of its own.

A strict Content-Security-Policy refuses ``style`` attributes, and a page with a dark scheme
needs colours it can change. So every style becomes presentation attributes, and every colour
of the theme also becomes a class (``f-limit``, ``k-limit`` for fill and stroke) that the page's
style sheet may overrule.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from forensics.charts._theme import LIGHT

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_ROLES: Final = {colour: role for role, colour in LIGHT.items()}
_DROPPED: Final = {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}
_FONT: Final = re.compile(r"^(?:(?P<weight>bold|700)\s+)?(?P<size>[\d.]+)px\s")
_REFERENCE: Final = re.compile(r"url\(#([^)]+)\)")


def inline_svg(svg: str, chart_id: str, alt: str) -> str:
    """Return ``svg`` as an element to put into the report's page.

    Parameters
    ----------
    svg
        A drawing of ``_matplotlib.draw_svg`` with text as text.
    chart_id
        Prefix of every id inside, so that charts don't collide.
    alt
        Its accessible name.
    """
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)  # noqa: S314  # our own drawing, made a moment ago
    _drop(root)
    seen: dict[str, int] = {}
    for element in root.iter():
        _rename(element, chart_id, seen)
        _unstyle(element)
    for name in ("width", "height"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("class", "drawing")
    return ET.tostring(root, encoding="unicode")


def _drop(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _DROPPED:
                parent.remove(child)


def _rename(element: ET.Element, chart_id: str, seen: dict[str, int]) -> None:
    """Prefix an element's id and its references; repeated ids are counted."""
    own = element.get("id")
    if own is not None:
        prefixed = own if own.startswith(f"{chart_id}/") else f"{chart_id}/{own}"
        seen[prefixed] = seen.get(prefixed, 0) + 1
        element.set("id", prefixed if seen[prefixed] == 1 else f"{prefixed}-{seen[prefixed]}")
    for name, value in list(element.attrib.items()):
        if name in {f"{{{_XLINK}}}href", "href"} and value.startswith("#"):
            element.set(name, f"#{chart_id}/{value[1:]}")
        elif "url(#" in value:
            element.set(name, _REFERENCE.sub(rf"url(#{chart_id}/\1)", value))


def _unstyle(element: ET.Element) -> None:
    style = element.attrib.pop("style", "")
    classes: list[str] = []
    for part in style.split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            _set_font(element, value)
        elif name in {"fill", "stroke"}:
            element.set(name, value)
            role = _ROLES.get(value)
            if role is not None:
                classes.append(f"{'f' if name == 'fill' else 'k'}-{role}")
        elif name:
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))


def _set_font(element: ET.Element, value: str) -> None:
    match = _FONT.match(value)
    if match is None:
        return
    element.set("font-size", f"{match['size']}px")
    if match["weight"]:
        element.set("font-weight", "bold")
