"""Native histograms of Prometheus as the classic series every analysis knows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import orjson

from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._time import seconds_to_us


def add_histogram(table: SeriesTable, metric: str, labels: Mapping[str, str], part: bytes) -> bool:
    """Add ``NAME_count``, ``NAME_sum`` and cumulative ``NAME_bucket{le=...}`` series.

    Parameters
    ----------
    table
        Where the samples go.
    metric, labels
        Name and labels of the histogram.
    part
        ``[[time, {"count": "4", "sum": "1.5", "buckets": [[bounds, "low", "high", "n"]]}]]``.

    Returns
    -------
    bool
        ``False`` if some of it could not be read; what came before it is kept.
    """
    try:
        samples = orjson.loads(part)
        for seconds, histogram in samples:
            time_us = int(seconds_to_us(np.array([float(seconds)]))[0])
            for tail in ("count", "sum"):
                index = table.index_of(f"{metric}_{tail}", labels)
                table.append(index, time_us, float(histogram[tail]))
            total = 0.0
            for _, _, high, count in histogram.get("buckets") or ():
                total += float(count)
                index = table.index_of(f"{metric}_bucket", {**labels, "le": str(high)})
                table.append(index, time_us, total)
    except (ValueError, TypeError, KeyError, AttributeError, orjson.JSONDecodeError):
        return False
    return True
