"""Speed of the pattern miner in MB per CPU second, and of drain3 with masks; run it by hand.

``python tests/benchmarks/patterns.py [MEGABYTES]`` (after ``pip install drain3``)
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "patterns"))

from drain3 import TemplateMiner
from drain3.masking import MaskingInstruction
from drain3.template_miner_config import TemplateMinerConfig
from synthetic import STYLES, make_log

from forensics.patterns.lines import mine_lines

BLOCK_BYTES = 32 << 20
#: What drain3 is given: it is slow.
PEER_BYTES = 4 << 20


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


def mine_with_drain3(data: bytes) -> int:
    """Return how many clusters drain3 finds, with masks as in its example configuration."""
    config = TemplateMinerConfig()
    before, after = r"((?<=[^A-Za-z0-9])|^)", r"((?=[^A-Za-z0-9])|$)"
    for pattern, name in (
        (r"([0-9a-f]{2,}:){3,}([0-9a-f]{2,})", "ID"),
        (r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}", "IP"),
        (r"([0-9a-f]{6,} ?){3,}", "SEQ"),
        (r"0x[a-f0-9A-F]+", "HEX"),
        (r"[\-\+]?\d+", "NUM"),
    ):
        config.masking_instructions.append(MaskingInstruction(before + pattern + after, name))
    miner = TemplateMiner(config=config)
    for line in data.decode().splitlines():
        miner.add_log_message(line)
    return len(miner.drain.clusters)


def main() -> None:
    """Print one line a case."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    mine_lines([b"warm 1\n"], has_header=True)
    for has_header in (False, True):
        data = make_content(megabytes, header=has_header)
        began = time.process_time()
        found = mine_lines(cut(data), has_header=has_header)
        spent_s = time.process_time() - began
        piece = data[: data.find(b"\n", PEER_BYTES)]
        began = time.process_time()
        clusters = mine_with_drain3(piece)
        speed = len(data) / spent_s
        times = speed / (len(piece) / (time.process_time() - began))
        print(f"{times:.0f} times drain3 with masks ({clusters} clusters of {len(piece):,} bytes)")
        print(
            f"header={has_header}: {len(data) / 1e6 / spent_s:.0f} MB per CPU second, "
            f"{found.line_templates.size:,} lines, {found.patterns.templates.height} templates"
        )


if __name__ == "__main__":
    main()
