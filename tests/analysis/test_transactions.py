"""Money taken without an end, taken twice or tried again is found; words alone accuse nobody."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from forensics.analysis._transaction_lines import states, transaction_id
from forensics.analysis.transactions import Result, findings, run
from tests.analysis.log_lines import make_logs

Row = dict[str, Any]


def whole_payment(number: int, s: float) -> list[Row]:
    """Return the lines of a payment that ends as it should."""
    key = f"pay_{number:06d}"
    return [
        {"s": s, "message": f"payment accepted payment_id={key} amount=10.50 currency=EUR"},
        {
            "s": s + 0.1,
            "message": f"gateway capture succeeded payment_id={key} ref=ch_{number:04d}",
        },
        {"s": s + 0.2, "message": f"payment final payment_id={key} state=SETTLED"},
    ]


def background(count: int = 40) -> list[Row]:
    return [row for i in range(count) for row in whole_payment(i, i)]


def judge(*extra: Row, count: int = 40) -> Result:
    later = {"s": 500, "message": "payment accepted payment_id=pay_later1"}
    return run(logs=make_logs([*background(count), *extra, later]))


def read_id(message: str) -> str | None:
    found = pl.DataFrame({"message": [message]}).select(transaction_id()).item()
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("payment accepted transaction=pay_0836d0 amount=1", "pay_0836d0"),
        ('{"paymentId": "P-10443", "state": "captured"}', "P-10443"),
        ("Order #20991 charged", "20991"),
        ("captured order_id=1234 txn: 99-AB", "99-AB"),
        ("Transaction a1b2c3d4 committed", "a1b2c3d4"),
        ("payment failed after 30000 ms", None),
        ("payment service started on port 8080", None),
        ("order 66 executed", None),
        ("statement: UPDATE payment SET id=1234 WHERE state='CAPTURED'", None),
        ("", None),
    ],
)
def test_ids_are_told_from_other_numbers(message: str, expected: str | None) -> None:
    assert read_id(message) == expected


@pytest.mark.parametrize(
    ("message", "flags"),
    [
        ("gateway capture succeeded", {"is_taken"}),
        ("capture failed: timed out", {"is_failed", "is_timed_out"}),
        ("sending capture request", set()),
        ("charged card", {"is_taken"}),
        ("payment final state=SETTLED", {"is_done"}),
        ("payment declined by issuer", {"is_done"}),
        ("capture refunded", {"is_done"}),
        ("order completed", {"is_done"}),
        ("fraud check completed", set()),
        ("retrying, attempt 2", {"is_retried"}),
        ("not charged", {"is_failed"}),
    ],
)
def test_words_give_the_state(message: str, flags: set[str]) -> None:
    row = pl.DataFrame({"message": [message]}).select(**states()).row(0, named=True)
    assert {name for name, value in row.items() if name.startswith("is_") and value} == flags


def test_payments_that_end_are_not_at_risk() -> None:
    result = judge()
    assert (result.open_count, result.duplicate_count, result.retried_count) == (0, 0, 0)
    assert result.taken_count == 40
    (found,) = findings(result)
    assert "All 40 transactions" in found.text


def test_money_taken_without_an_end_is_open() -> None:
    lines = whole_payment(900, 100)[:2]
    result = judge(*lines)
    assert result.open_count == 1
    assert result.amounts.row(0) == ("open", "EUR", 1, 10.5)
    (example,) = result.examples.to_dicts()
    assert (example["kind"], example["line"]) == ("open", 122)
    (found,) = findings(result)
    assert found.text.startswith("1 of 41 transactions")
    assert found.evidence[0].line == 122


def test_an_error_after_the_taking_is_counted() -> None:
    lines = [
        *whole_payment(900, 100)[:2],
        {"s": 130, "message": "payment failed payment_id=pay_000900 reason=no connection"},
    ]
    result = judge(*lines)
    assert (result.open_count, result.failed_after_count) == (1, 1)


def test_a_payment_that_only_failed_is_not_open() -> None:
    lines = [{"s": 130, "message": "payment failed payment_id=pay_000900 reason=no connection"}]
    assert judge(*lines).open_count == 0


def test_what_was_taken_as_the_logs_end_is_pending() -> None:
    lines = [
        {"s": 499.95, "message": "gateway capture succeeded payment_id=pay_000900 ref=ch_0900"}
    ]
    result = judge(*lines)
    assert (result.open_count, result.pending_count) == (0, 1)


def test_logs_that_never_state_an_end_leave_open_unknown() -> None:
    rows = [row for i in range(30) for row in whole_payment(i, i)[:2]]
    result = run(logs=make_logs(rows))
    assert result.open_count is None
    (found,) = findings(result)
    assert found.confidence == "low"
    assert "do not tell" in found.text


def test_two_references_are_a_double_charge() -> None:
    again = {"s": 101, "message": "gateway capture succeeded payment_id=pay_000003 ref=ch_other"}
    assert judge(again).duplicate_count == 1


def test_one_reference_logged_twice_is_not() -> None:
    again = {"s": 101, "message": "gateway capture succeeded payment_id=pay_000003 ref=ch_0003"}
    assert judge(again).duplicate_count == 0


def test_without_references_the_same_line_at_two_moments_is_a_duplicate() -> None:
    rows = [
        {"s": s, "message": "captured payment_id=pay_000900", "service": "till"} for s in (100, 105)
    ]
    assert judge(*rows).duplicate_count == 1


def test_two_services_that_log_one_capture_are_no_duplicate() -> None:
    rows = [
        {"s": 100 + i, "message": "captured payment_id=pay_000900", "service": name}
        for i, name in enumerate(["till", "ledger"])
    ]
    assert judge(*rows).duplicate_count == 0


def test_a_step_done_again_after_a_time_out_is_a_retry() -> None:
    rows = [
        {"s": 100, "message": "calling gateway payment_id=pay_000900"},
        {"s": 130, "message": "gateway timed out payment_id=pay_000900"},
        {"s": 131, "message": "calling gateway payment_id=pay_000900"},
    ]
    assert judge(*rows).retried_count == 1


def test_going_on_after_a_time_out_is_no_retry() -> None:
    rows = [
        {"s": 100, "message": "calling gateway payment_id=pay_000900"},
        {"s": 130, "message": "fraud check timed out payment_id=pay_000900, continuing"},
        {"s": 131, "message": "capture succeeded payment_id=pay_000900 ref=ch_1111"},
        {"s": 131, "message": "payment settled payment_id=pay_000900"},
    ]
    assert judge(*rows).retried_count == 0


def test_cents_are_read_as_such() -> None:
    rows = [
        {"s": 100, "message": "captured txn=pay_000900 amount_cents=1999 currency=usd"},
    ]
    kind, currency, _, amount = judge(*rows).amounts.row(0)
    assert (kind, currency, amount) == ("open", "USD", pytest.approx(19.99))


def test_card_numbers_are_blanked_in_examples() -> None:
    rows = [{"s": 100, "message": "captured txn=pay_000900 card 4111 1111 1111 1111"}]
    assert "4111" not in judge(*rows).examples["text"][0]


def test_no_logs_give_nothing() -> None:
    result = run(logs=make_logs([]))
    assert (result.total, result.open_count) == (0, None)
    assert findings(result) == []


def test_logs_without_times_are_counted_all_the_same() -> None:
    rows = [{**row, "s": None} for row in background(30) + whole_payment(900, 100)[:2]]
    result = run(logs=make_logs(rows))
    assert (result.taken_count, result.open_count) == (31, 1)
