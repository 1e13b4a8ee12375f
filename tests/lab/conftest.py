"""Puts the lab's scripts on the path, as running them from their folder does."""

from __future__ import annotations

import sys
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "data" / "lab"

for folder in (LAB / "seed", LAB):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
