"""Speed of the pattern miner in MB per CPU second; run it by hand.

``python tests/benchmarks/patterns.py [MEGABYTES]``
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "patterns"))

from synthetic import STYLES, make_log

from forensics.patterns.lines import mine_lines

BLOCK_BYTES = 32 << 20


def make_content(megabytes: int, *, header: bool) -> bytes:
    """Return lines of all invented programs, repeated to the size wanted."""
    messages = [message for style in STYLES for message in make_log(style, 1)[0]]
    random.Random(1).shuffle(messages)
    start = "2026-02-09 08:00:00,123 INFO [main] org.acme.App: " if header else ""
    once = "".join(f"{start}{message}\n" for message in messages).encode()
    return once * (megabytes * 10**6 // len(once) + 1)


def cut(data: bytes) -> Iterator[bytes]:
    """Yield blocks as a file would."""
    for at in range(0, len(data), BLOCK_BYTES):
        yield data[at : at + BLOCK_BYTES]


def main() -> None:
    """Print one line a case."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    mine_lines([b"warm 1\n"], has_header=True)
    for has_header in (False, True):
        data = make_content(megabytes, header=has_header)
        began = time.process_time()
        found = mine_lines(cut(data), has_header=has_header)
        spent_s = time.process_time() - began
        print(
            f"header={has_header}: {len(data) / 1e6 / spent_s:.0f} MB per CPU second, "
            f"{found.line_templates.size:,} lines, {found.patterns.templates.height} templates"
        )


if __name__ == "__main__":
    main()
