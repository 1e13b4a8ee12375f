"""Transactions of services that log fields beside their messages, through the readers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forensics.analysis.transactions import run
from forensics.evidence import open_case

START = datetime(2026, 5, 6, 9, tzinfo=UTC)


def as_json(at: datetime, message: str, fields: dict[str, object]) -> str:
    return json.dumps(
        {"timestamp": at.isoformat(), "level": "info", "event": message, "took": 3, **fields}
    )


def as_logfmt(at: datetime, message: str, fields: dict[str, object]) -> str:
    pairs = " ".join(f"{key}={value}" for key, value in fields.items())
    return f'time={at.isoformat()} level=info msg="{message}" took=3 {pairs}'


@pytest.mark.parametrize("write", [as_json, as_logfmt])
def test_ids_amounts_and_states_in_fields_are_followed(tmp_path: Path, write) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    orders, gateway = [], []
    for n in range(60):
        at, fields = START + timedelta(seconds=10 * n), {"orderId": f"ord-{n:05d}"}
        orders.append(write(at, "accepted", fields))
        gateway.append(write(at, "captured", {**fields, "amount": 12.5, "currency": "EUR"}))
        if n % 10 != 3:
            later = at + timedelta(seconds=1)
            orders.append(write(later, "state changed", {**fields, "state": "SETTLED"}))
    (evidence / "orders.log").write_text("\n".join(orders) + "\n")
    (evidence / "gateway.log").write_text("\n".join(gateway) + "\n")
    result = run(logs=open_case(evidence, cache=False).logs)
    assert (result.taken_count, result.open_count) == (60, 6)
    amounts = result.amounts.filter(kind="open").select("currency", "amount").rows()
    assert amounts == [("EUR", 75.0)]


def test_what_names_nothing_is_no_attribute(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    fields: dict[str, object] = {"status": 200, "path": "/cart", "valid": True, "user_id": 7}
    (evidence / "web.log").write_text(as_json(START, "answered", fields) + "\n")
    logs = open_case(evidence, cache=False).logs.collect()
    assert logs["attributes"].to_list() == [[{"name": "user_id", "value": "7"}]]
