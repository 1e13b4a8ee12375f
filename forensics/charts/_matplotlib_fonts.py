"""Letters that the house's font lacks: another font of the machine has them, or none.

Names of pods and messages of logs may be of any script. A page shows them with the fonts of
its reader; a loose picture has only those of the machine that draws it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from matplotlib import font_manager

from forensics.charts._theme import FONT

# It reports each weight that a borrowed font has not, for every text.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
#: Untyped; what is asked of it is a font's name, its file, and whether it has a letter.
_FONTS: Final[Any] = font_manager
#: Bitmaps that can't be drawn as paths, and fonts that have a box for everything.
_UNFIT: Final = ("color", "lastresort", "last resort")


def find_lacking(texts: Iterable[str]) -> frozenset[str]:
    """Return the printable letters of ``texts`` that the house's font has no glyph for."""
    letters = {letter for text in texts for letter in text if letter.isprintable()}
    own = _FONTS.get_font(_FONTS.findfont(FONT))
    return frozenset(letter for letter in letters if not own.get_char_index(ord(letter)))


def find_families(letters: Iterable[str]) -> tuple[str, ...]:
    """Return families of this machine that have ``letters``; those found nowhere are left out."""
    found = (_find_family(letter) for letter in sorted(letters))
    return tuple(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=4096)
def _find_family(letter: str) -> str:
    """Return the first family, by name, that has a letter; nothing where none has."""
    for entry in sorted(_FONTS.fontManager.ttflist, key=lambda e: (e.name, e.fname)):
        is_plain = entry.style == "normal" and entry.weight in {400, "normal", "regular"}
        if not is_plain or any(word in entry.name.lower() for word in _UNFIT):
            continue
        try:
            has_letter = _FONTS.get_font(entry.fname).get_char_index(ord(letter))
        except (OSError, RuntimeError):  # listed, but gone or broken
            continue
        if has_letter:
            return str(entry.name)
    return ""
