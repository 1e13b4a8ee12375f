"""Container logs of Kubernetes nodes (CRI: containerd, CRI-O); partial lines are joined.

References
----------
Kubernetes, CRI container log format: ``timestamp stream P|F content``.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl

from forensics.kernels import log_time
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._block import TextBlock
from forensics.readers.logs._text import match_lines
from forensics.readers.logs._times import parse_strings
from forensics.readers.logs._wrapped import Unwrapped, read_wrapped, unwrap_blocks

TITLE: Final = "Kubernetes container log (CRI)"
KIND: Final[Kind] = "logs"

_LINE: Final = (
    r"^(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) "
    r"(?:stdout|stderr) (?P<tag>[PF])(?::\w+)*(?: (?P<content>.*)|)$"
)


def sniff(head: Head) -> Match:
    """Claim lines of a time, a stream and a tag for whole or partial."""
    return match_lines(head, _LINE)


def read(source: Source) -> Reading:
    """Read the application's own lines; ``host`` is the pod if the file's name has it."""
    damage: list[DamageRow] = []
    pod = pod_of(source.name)
    parts = unwrap_blocks(source, lambda block: _unwrap(block, pod), damage)
    return read_wrapped(source, "cri", parts, damage)


def pod_of(name: str) -> str | None:
    """Return the pod from a name such as ``pod_namespace_container-id.log`` or its folder."""
    link = re.search(r"([a-z0-9][a-z0-9.-]*)_[a-z0-9-]+_[a-z0-9.-]+-[0-9a-f]{12,64}\.log", name)
    folder = re.search(r"[a-z0-9-]+_([a-z0-9][a-z0-9.-]*)_[0-9a-f-]{32,36}/", name)
    match = link or folder
    return match[1] if match else None


def _unwrap(block: TextBlock, pod: str | None) -> Unwrapped:
    frame = block.text().str.extract_groups(_LINE).struct.unnest()
    frame = frame.with_columns(pl.Series("number", block.numbers), block.text().alias("text"))
    loose = frame.filter(pl.col("tag").is_null())
    lines = frame.filter(pl.col("tag").is_not_null())
    group = (lines["tag"].shift(1) != "P").fill_null(value=True).cum_sum()
    joined = (
        lines.with_columns(group.alias("group"))
        .group_by("group", maintain_order=True)
        .agg(
            pl.col("time").first(),
            pl.col("number").first(),
            pl.col("content").fill_null("").str.join(""),
        )
    )
    return Unwrapped(
        lines=[text.encode() for text in joined["content"]],
        numbers=joined["number"].to_numpy().astype(np.int64),
        micros=parse_strings(joined["time"], log_time.ISO, 1970),
        fields={} if pod is None else {"host": pl.Series([pod]).new_from_index(0, joined.height)},
        swallowed=lines.height - joined.height,
        raw=tuple(zip(loose["number"].to_list(), loose["text"].to_list(), strict=True)),
    )
