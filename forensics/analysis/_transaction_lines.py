"""What one log line says of a transaction: its id, its state, its amount.

The words are those of payment systems in general: an order is opened, money is taken
(captured, charged, debited), and the transaction reaches a final state or fails.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# All patterns but those of ids are for text in lower case.
# Names of ids, those first that are the same in every service a payment passes.
_KINDS: Final = (
    r"transaction|txn|trx|tx",
    r"payment|pay|charge|capture|debit|transfer|payout",
    r"order|checkout|invoice|booking|purchase|cart|refund",
)
_KEY_END: Final = r"(?:[_\s.-]?(?:id|no|nr|num|number|ref|key|uuid))?"
_VALUE: Final = r"([A-Za-z0-9][A-Za-z0-9_-]+)"
#: Lengths that an id has; shorter are counts, longer are texts.
_FEWEST_CHARS: Final = 4
_MOST_CHARS: Final = 64
_TIMED_OUT: Final = r"\btim(?:ed|e|ing)[ _-]?out\b|\btimeouts?\b|deadline exceeded|no response"
_FAILED: Final = (
    r"\b(?:fail(?:ed|s|ure|ing)?|errors?|abort(?:ed)?|reject(?:ed)?|declin(?:ed?|ing)|denied|"
    r"unable|cannot|could not|refused|exception|not (?:captured|charged|debited|settled|"
    r"completed))\b"
)
_TAKEN: Final = (
    r"\b(?:captured?|charged?|debit(?:ed)?|withdr(?:awn|ew)|funds (?:moved|taken)|paid)\b"
)
_INTENDED: Final = (
    r"\b(?:request(?:ed|ing)?|sending|submitt(?:ed|ing)|attempt(?:ing)?|about to|will|"
    r"try(?:ing)?|start(?:ed|ing)?|begin(?:ning)?|pending|captur(?:ing)|charging|debiting|waiting|"
    r"to be)\b"
)
_DONE: Final = (
    r"\b(?:settled?|complet(?:ed?|ion)|final(?:i[sz]ed)?|confirmed|refund(?:ed)?|void(?:ed)?|"
    r"revers(?:ed|al)|rolled back|cancel(?:l?ed)|declined|rejected|fulfilled|closed|posted|booked|"
    r"committed|reconciled|succeeded|charged[_ ]?back)\b"
)
#: A word that ends the transaction even though it says that something failed.
_ENDED_BADLY: Final = (
    r"\b(?:declined|rejected|refunded|voided|reversed|rolled back|cancel(?:l?ed))\b"
)
_RETRIED: Final = (
    r"\bre-?(?:try(?:ing)?|tried|tries|sent|sending|submitted|submitting|attempt\w*)\b"
    r"|\battempt\W{0,3}(?:[2-9]|\d\d)\b"
)
_AMOUNT: Final = (
    r"\b(?:amount|total|value|sum|price)(?:[_.]?(cents|minor|minor_units))?[\"']?\s*[=:]\s*[\"']?"
    r"([0-9]+(?:\.[0-9]+)?)"
)
_CURRENCY: Final = r"\b(?:currency|ccy)[\"']?\s*[=:]\s*[\"']?([a-z]{3})\b"
_REFERENCE: Final = (
    r"\b(?:reference|ref|auth(?:_?code|orization)?|charge(?:_?id)?|idempotency[_-]?key)"
    r"[\"']?\s*[=:]\s*[\"']?([A-Za-z0-9_-]+)"
)
#: A line without any of these names no transaction; found many times faster than an id.
_NAMES: Final = [name for kind in _KINDS for name in kind.split("|")]
#: Statements of a database's own log: their words are names of columns.
_STATEMENT: Final = r"^(?:duration|statement|execute|bind|parse|process \d+)\b"


def with_attributes() -> pl.Expr:
    """Return ``message`` with the fields of a structured record behind it, as ``key=value``."""
    pair = pl.format("{}={}", pl.element().struct.field("name"), pl.element().struct.field("value"))
    pairs = pl.col("attributes").list.eval(pair).list.join(" ")
    return pl.concat_str(["message", pairs], separator=" ", ignore_nulls=True)


def may_name_one() -> pl.Expr:
    """Tell which lines have a word that ids of transactions go by."""
    return pl.col("message").str.contains_any(_NAMES, ascii_case_insensitive=True)


def transaction_id() -> pl.Expr:
    """Return the id in ``message``, null where there is none.

    ``key=value`` and ``key: value`` name it; without a separator the value must mix letters
    and digits, so that "order 66" or "payment failed" give no id.
    """
    keyed = [
        pl.col("message").str.extract(
            rf"(?i)\b(?:{kind}){_KEY_END}[\"']?\s*[=:#]\s*[\"']?{_VALUE}", 1
        )
        for kind in _KINDS
    ]
    loose = [
        pl.col("message").str.extract(
            rf"(?i)\b(?:{kind}){_KEY_END}\s+[\"'(\[]?"
            r"([A-Za-z]+[_-]?[A-Za-z]*[0-9][A-Za-z0-9_-]+|[0-9][0-9_-]*[A-Za-z][A-Za-z0-9_-]+)",
            1,
        )
        for kind in _KINDS
    ]
    found = pl.coalesce(
        *(
            pl.when(
                value.str.contains(r"[0-9]")
                & value.str.len_bytes().is_between(_FEWEST_CHARS, _MOST_CHARS)
            ).then(value)
            for pair in (keyed, loose)
            for value in pair
        )
    )
    return pl.when(pl.col("message").str.to_lowercase().str.contains(_STATEMENT).not_()).then(found)


def states() -> dict[str, pl.Expr]:
    """Return what ``message`` says of the transaction: five statements and its figures.

    ``is_taken``: money has moved, without a word of failure or intent. ``is_done``: a final
    state, good or bad. ``is_failed`` and ``is_timed_out``: something went wrong, the
    transaction may still be anywhere. ``is_retried``: the line says so itself.
    """
    message = pl.col("message").str.to_lowercase()
    has_failed = message.str.contains(_FAILED) | message.str.contains(_TIMED_OUT)
    ends_badly = message.str.contains(_ENDED_BADLY)
    takes = message.str.contains(_TAKEN) & message.str.contains(_INTENDED).not_()
    amount = message.str.extract(_AMOUNT, 2).cast(pl.Float64, strict=False)
    is_minor = message.str.extract(_AMOUNT, 1).is_not_null()
    return {
        "is_taken": takes & ~has_failed & ~ends_badly,
        "is_done": ends_badly
        | (message.str.contains(_DONE) & ~has_failed & ~_only_a_step(message)),
        "is_failed": has_failed & ~ends_badly,
        "is_timed_out": message.str.contains(_TIMED_OUT),
        "is_retried": message.str.contains(_RETRIED),
        "amount": pl.when(is_minor).then(amount / 100).otherwise(amount),
        "currency": message.str.extract(_CURRENCY).str.to_uppercase(),
        "reference": message.str.extract(_REFERENCE),
    }


def _only_a_step(message: pl.Expr) -> pl.Expr:
    """Tell where "succeeded", "completed" or "confirmed" speaks of the taking, not of the whole."""
    return message.str.contains(
        r"\b(?:captur\w*|charg\w*|debit\w*|authori[sz]\w*|validat\w*|check|reserv\w*)\W+"
        r"(?:\w+\W+)?(?:succeeded|complet\w+|confirmed|committed|posted|finali[sz]ed)\b"
    )
