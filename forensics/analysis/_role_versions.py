"""Which version an entity ran, and from when on."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_VERSION_LABELS: Final = (
    "version",
    "app_version",
    "label_app_kubernetes_io_version",
    "label_version",
    "app_kubernetes_io_version",
    "service_version",
    "release",
    "image_version",
    "image_tag",
)
_IMAGE_TAG: Final = re.compile(r"[^/:@]+:([^/@:]+)(?:@.*)?$")
_SPLIT: Final = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def label_words(name: str) -> str:
    """Return a name as lower-case words joined by ``_``: at punctuation and camel-case humps.

    Examples
    --------
    >>> label_words("k8s.podName")
    'k8s_pod_name'
    """
    return "_".join(token.lower() for token in _SPLIT.split(name) if token)


def find_versions(described: pl.DataFrame, first_seen: pl.DataFrame) -> pl.DataFrame:
    """Return ``entity, time, version``: from when on an entity is seen with a version.

    Versions come from version labels and image tags of any series of the entity.

    Parameters
    ----------
    described
        As returned by ``describe_series``.
    first_seen
        ``series_id, time``: first sample of each series.
    """
    known: list[tuple[int, str, str]] = []
    for series_id, entity, pairs in described.select("series_id", "entity", "labels").iter_rows():
        labels = {label_words(pair["name"]): pair["value"] for pair in pairs}
        version = next((labels[name] for name in _VERSION_LABELS if labels.get(name)), None)
        if version is None and (tag := _IMAGE_TAG.search(labels.get("image", ""))):
            version = tag.group(1)
        if version is not None:
            known.append((series_id, entity, version))
    frame = pl.DataFrame(
        known,
        schema={"series_id": pl.UInt32, "entity": pl.String, "version": pl.String},
        orient="row",
    )
    return (
        frame.join(first_seen, on="series_id")
        .group_by("entity", "version")
        .agg(pl.col("time").min())
        .select("entity", "time", "version")
        .sort("entity", "time", "version")
    )
