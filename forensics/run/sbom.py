"""What the running environment consists of: every distribution, its version and licence."""

from __future__ import annotations

import re
from importlib import metadata
from typing import Any, Final

import polars as pl

from forensics._version import __version__

_LONGEST_LICENCE: Final = 80
_CLASSIFIER: Final = "License :: OSI Approved :: "


def list_distributions() -> pl.DataFrame:
    """Return one row a distribution: ``name``, ``version``, ``licence`` as it states it.

    Reads the metadata of the environment that runs this; asks no network.
    """
    rows = {
        _canonical(item.metadata["Name"]): (item.version, _licence(item.metadata))
        for item in metadata.distributions()
        if item.metadata["Name"]
    }
    columns = [(name, *rows[name]) for name in sorted(rows)]
    return pl.DataFrame(
        columns, schema=dict.fromkeys(("name", "version", "licence"), pl.String), orient="row"
    )


def build_sbom() -> dict[str, Any]:
    """Return the environment as a CycloneDX document, without times and random numbers.

    References
    ----------
    .. [1] OWASP CycloneDX 1.5, JSON reference; package URL specification, type ``pypi``.
    """
    components = [
        {
            "type": "library",
            "name": row["name"],
            "version": row["version"],
            "purl": f"pkg:pypi/{row['name']}@{row['version']}",
            "licenses": [{"license": {"name": row["licence"]}}],
        }
        for row in list_distributions().iter_rows(named=True)
    ]
    tool = {"type": "application", "name": "memory-incident-forensics", "version": __version__}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": tool},
        "components": components,
    }


def _canonical(name: str) -> str:
    """Return a name as package URLs and PEP 503 write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(facts: metadata.PackageMetadata) -> str:
    """Return the licence expression, the short text, or what the classifiers say."""
    expression, text = (facts.get_all(key) or [""] for key in ("License-Expression", "License"))
    stated = expression[0] or text[0]
    classified = [
        text.removeprefix(_CLASSIFIER)
        for text in facts.get_all("Classifier") or ()
        if text.startswith(_CLASSIFIER)
    ]
    short = " ".join(stated.split())
    if short and len(short) <= _LONGEST_LICENCE and short.upper() != "UNKNOWN":
        return short
    return "; ".join(classified) or (f"{short[:_LONGEST_LICENCE]}…" if short else "not stated")
