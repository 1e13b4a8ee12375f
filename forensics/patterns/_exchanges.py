"""Count which messages are the same but for one place, or two, without comparing pairs.

A message is the sum of one random number for each place and unit in it; taking one away
leaves the hash of the rest, so that equal rests meet in one group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.patterns.masks import VARIABLE, is_word

_Number = TypeVar("_Number", bound=np.generic)
_NAME: Final = re.compile(r"[A-Za-z]+\w*_\w|\w*[a-z][A-Z]\w|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z")
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Units:
    """Messages cut into units, one row a unit that is a word, a value or a variable.

    ``rows`` has ``message``, ``place`` (index of the unit in its message), ``unit`` (its
    number; 0 is the variable), ``part`` (hash of unit and place) and, of the message,
    ``whole`` (hash) and ``words``; ``unit_words`` are the words in the unit itself, and
    ``is_name`` tells names of programs' own making from words of a language.
    """

    rows: pl.DataFrame

    @classmethod
    def of(cls, messages: Sequence[Sequence[str]], is_open: Sequence[Sequence[bool]]) -> Units:
        """Cut into units; only those that ``is_open`` may turn out to be values."""
        lengths = np.fromiter(map(len, messages), np.int64, len(messages))
        numbers: dict[str, int] = {VARIABLE: 0}
        units = np.fromiter(
            (numbers.setdefault(unit, len(numbers)) for one in messages for unit in one),
            np.int64,
            int(lengths.sum()),
        )
        opened = np.fromiter((o for one in is_open for o in one), np.bool_, units.size)
        words = np.fromiter(map(_count_words, numbers), np.int64, len(numbers))[units]
        names = np.fromiter((_NAME.match(unit) is not None for unit in numbers), np.bool_)
        message = np.repeat(np.arange(len(messages)), lengths)
        ends = np.cumsum(lengths)
        place = np.arange(units.size) - np.repeat(ends - lengths, lengths)
        part = mix(units.astype(np.uint64) * _MIX_A + mix(place.astype(np.uint64)))
        whole = _sum_of(part, ends) + mix(lengths.astype(np.uint64))
        rows = pl.DataFrame(
            {
                "message": message,
                "place": place,
                "unit": units,
                "part": part,
                "whole": whole[message],
                "unit_words": words,
                "is_name": names[units],
                "words": _sum_of(words, ends)[message],
            }
        )
        return cls(rows.filter(pl.Series(opened)))

    def exchange_one(self) -> pl.DataFrame:
        """For each open place, how many messages are the same everywhere else.

        Returns
        -------
        polars.DataFrame
            ``message``, ``place``, ``unit``, ``shared`` (words in the rest), ``alike``
            (different units here among messages of this rest), ``has_variable`` (one of
            them is the variable), ``names`` (how many are names). Only where at least two
            messages share the rest.
        """
        rest = pl.Series("rest", self.rows["whole"].to_numpy() - self.rows["part"].to_numpy())
        rows = self.rows.select(
            "message",
            "place",
            "unit",
            (pl.col("words") - pl.col("unit_words")).alias("shared"),
            # messages are distinct, so each in a group has another unit here
            pl.len().over(rest, "place").cast(pl.Int64).alias("alike"),
            (pl.col("unit") == 0).any().over(rest, "place").alias("has_variable"),
            pl.col("is_name").sum().over(rest, "place").cast(pl.Int64).alias("names"),
        )
        return rows.filter(pl.col("alike") >= 2)

    def exchange_two(self) -> pl.DataFrame:
        """For each pair of open places, how many units stand there among like messages.

        Time and memory grow with the square of the message length.

        Returns
        -------
        polars.DataFrame
            ``message``, ``place``, ``place_2``, ``shared``, ``alike`` and ``alike_2``
            (different units in each place), ``has_variable`` and ``has_variable_2``.
        """
        left = self.rows.select("message", "place", "unit", "part", "unit_words", "whole", "words")
        right = self.rows.select("message", "place", "unit", "part", "unit_words")
        pairs = left.join(right, on="message", suffix="_2").filter(
            pl.col("place") < pl.col("place_2")
        )
        rest = pairs["whole"].to_numpy() - pairs["part"].to_numpy() - pairs["part_2"].to_numpy()
        pairs = pairs.select(
            "message",
            "place",
            "place_2",
            "unit",
            "unit_2",
            (pl.col("words") - pl.col("unit_words") - pl.col("unit_words_2")).alias("shared"),
            pl.Series("rest", rest),
        )
        group = ["rest", "place", "place_2"]
        alike = (
            pairs.lazy()
            .group_by(group)
            .agg(
                pl.col("unit").n_unique().cast(pl.Int64).alias("alike"),
                pl.col("unit_2").n_unique().cast(pl.Int64).alias("alike_2"),
                (pl.col("unit") == 0).any().alias("has_variable"),
                (pl.col("unit_2") == 0).any().alias("has_variable_2"),
            )
            .filter((pl.col("alike") >= 2) & (pl.col("alike_2") >= 2))
            .collect()
        )
        return pairs.join(alike, on=group)


def _count_words(unit: str) -> int:
    return sum(map(is_word, unit.split(" ")))


def mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Finish a hash so that sums of hashes don't collide by structure (splitmix64)."""
    x = (x ^ (x >> np.uint64(30))) * _MIX_A
    x = (x ^ (x >> np.uint64(27))) * _MIX_B
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


def sum_by(parts: NDArray[_Number]) -> NDArray[_Number]:
    """Return the running sums of ``parts``, shape (n + 1,): nothing first."""
    sums: NDArray[_Number] = np.concatenate(
        [np.zeros(1, parts.dtype), np.cumsum(parts, dtype=parts.dtype)]
    )
    return sums


def _sum_of(parts: NDArray[_Number], ends: NDArray[np.int64]) -> NDArray[_Number]:
    """Sum up consecutive runs of ``parts``; an empty run gives zero."""
    running = sum_by(parts)
    sums: NDArray[_Number] = running[ends] - running[np.concatenate([[0], ends[:-1]])]
    return sums
