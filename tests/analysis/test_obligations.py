"""Clocks that an incident starts: stated, by checklist, or named by the declaration."""

from datetime import UTC, datetime

from forensics.analysis._obligations import list_obligations

AT = datetime(2026, 2, 9, 14, 28, tzinfo=UTC)


def test_a_checklist_gives_each_step_and_the_hour_by_which_it_is_due():
    found = list_obligations(["call the insurer"], ["gdpr"], "", AT)
    assert found[0] == "call the insurer"
    assert any("within 72 h of detection, by 2026-02-12 14:28 UTC" in step for step in found)


def test_a_regulation_that_the_declaration_names_brings_its_checklist_once():
    found = list_obligations([], ["pci-dss"], "PCI-DSS incident report required", None)
    assert [step for step in found if "acquirer" in step] == [found[1]]


def test_no_checklist_is_shown_unasked_and_a_wrong_name_is_told():
    assert list_obligations([], [], "the pool is full", AT) == []
    assert "known are pci-dss" in list_obligations([], ["sox"], "", AT)[0]
