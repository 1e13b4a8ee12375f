"""The bill of materials names what runs, with a licence each, the same way each time."""

from __future__ import annotations

from importlib import metadata

from forensics.run.sbom import build_sbom, list_distributions


def test_every_requirement_is_listed_with_the_installed_version() -> None:
    listed = dict(list_distributions().select("name", "version").iter_rows())
    for name in ("polars", "numba", "jinja2", "plotly"):
        assert listed[name] == metadata.version(name)


def test_licences_are_stated_for_all_but_a_few() -> None:
    table = list_distributions()
    assert table["licence"].str.len_chars().min() > 0
    assert (table["licence"] == "not stated").mean() < 0.1


def test_the_document_is_cyclonedx_and_the_same_each_time() -> None:
    document = build_sbom()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5")
    assert all(part["purl"].startswith("pkg:pypi/") for part in document["components"])
    assert document == build_sbom()
