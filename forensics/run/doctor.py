"""Examine the installation: libraries, programs, folders, fonts; compile ahead."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Final

import polars as pl

from forensics.places import default_cache
from forensics.plugins import find_plugins
from forensics.progress import track
from forensics.readers import list_readers

COLUMNS: Final = ("what", "needed", "found", "advice")

#: Library -> who needs it: "report" for the main road, else the feature.
_LIBRARIES: Final = {
    "numba": "report",
    "polars": "report",
    "scipy": "report",
    "matplotlib": "report",
    "plotly": "report",
    "papermill": "report",
    "jupyterlab": "JupyterLab",
    "weasyprint": "PDF",
    "dask": "--engine dask",
    "s3fs": "s3:// evidence",
}

#: Program -> (what for, Debian package that has it).
_PROGRAMS: Final = {
    "java": ("lab, collect jvm", "openjdk-17-jdk-headless"),
    "jcmd": ("collect jvm", "openjdk-17-jdk-headless"),
    "prometheus": ("lab", "prometheus"),
    "promtool": ("lab", "prometheus"),
    "chromium": ("browser tests", "chromium"),
    "postgres": ("lab", "postgresql"),
}


def examine() -> pl.DataFrame:
    """Return one row a thing looked for: ``what, needed, found, advice``."""
    rows = [("python", "report", sys.version.split()[0], "")]
    rows += [_library(name, needed) for name, needed in _LIBRARIES.items()]
    rows += [_program(name, *facts) for name, facts in _PROGRAMS.items()]
    rows += [_pango(), _cache(), _memory()]
    for folder in ("forensics.analysis", "forensics.charts"):
        rows += [
            (f"{folder}.{plugin.name}", "report", "", plugin.unavailable)
            for plugin in find_plugins(folder, ())
            if plugin.module is None
        ]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def list_formats() -> pl.DataFrame:
    """Return one row a format: ``what`` (reader), ``needed`` (kind), ``found``, ``advice``."""
    rows = [
        (
            plugin.name,
            plugin.folder.rsplit(".", 1)[1],
            plugin.module.TITLE if plugin.module else "",
            plugin.unavailable,
        )
        for plugin in list_readers()
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def warm_kernels() -> float:
    """Compile the kernels into numba's cache by importing and using every engine; CPU seconds."""
    from forensics.readers.heap import warm  # noqa: PLC0415  # loads numba

    begun = time.process_time()
    with track("compiling kernels"):
        warm()
    return time.process_time() - begun


def _library(name: str, needed: str) -> tuple[str, str, str, str]:
    try:
        return name, needed, metadata.version(name), ""
    except metadata.PackageNotFoundError:
        return name, needed, "", f"pip install {name}"


def _program(name: str, needed: str, package: str) -> tuple[str, str, str, str]:
    path = shutil.which(name)
    if path is None and name == "postgres":
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        path = str(found[-1]) if found else None
    return name, needed, path or "", "" if path else f"on Debian: apt-get install {package}"


def _pango() -> tuple[str, str, str, str]:
    from ctypes.util import find_library  # noqa: PLC0415  # runs ldconfig

    found = find_library("pango-1.0")
    return "pango", "PDF", found or "", "" if found else "on Debian: apt-get install libpango-1.0-0"


def _cache() -> tuple[str, str, str, str]:
    folder = default_cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return "cache folder", "report", "", f"{error.strerror}; set FORENSICS_CACHE"
    free_gib = shutil.disk_usage(folder).free / 2**30
    return "cache folder", "report", f"{free_gib:.0f} GiB free", ""


def _memory() -> tuple[str, str, str, str]:
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    gib = pages * page_bytes / 2**30
    advice = "" if gib >= 4 else "dumps above 500 MB need more than 4 GiB"
    return "memory", "large dumps", f"{gib:.1f} GiB, {os.cpu_count()} processors", advice
