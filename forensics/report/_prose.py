"""What people write into ``postmortem.md`` between markers, kept when the report is remade."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: The slots and what each asks for.
SLOTS: Final = {
    "authors": "Names of those who answer for this report.",
    "summary": "A word from the people who were there.",
    "went-well": "What went well?",
    "went-badly": "What went badly?",
    "got-lucky": "Where were we lucky?",
    "actions": "Owners, dates and further actions.",
    "notes": "Anything else worth keeping.",
}
_BLOCK: Final = re.compile(
    r"<!-- forensics:keep (?P<slot>[a-z-]+) -->\n(?P<text>.*?)\n?<!-- forensics:end (?P=slot) -->",
    re.DOTALL,
)
_MOST_CHARACTERS: Final = 200_000


def read_prose(markdown: Path | None) -> dict[str, str]:
    """Return the text of each slot of an earlier ``postmortem.md``; empty where untouched."""
    if markdown is None or not markdown.is_file():
        return {}
    text = markdown.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    found = {match["slot"]: match["text"].strip("\n") for match in _BLOCK.finditer(text)}
    return {
        slot: written[:_MOST_CHARACTERS]
        for slot, written in found.items()
        if slot in SLOTS and written.strip() and written.strip() != placeholder(slot)
    }


def placeholder(slot: str) -> str:
    """Return what an untouched slot holds."""
    return f"_{SLOTS[slot]} (Text between these markers is kept when the report is made again.)_"


def slot_block(slot: str, prose: Mapping[str, str]) -> str:
    """Return a slot with its markers, as it stands in ``postmortem.md``."""
    text = prose.get(slot, placeholder(slot))
    return f"<!-- forensics:keep {slot} -->\n{text}\n<!-- forensics:end {slot} -->"
