"""What one message alone shows to be a value."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.patterns.masks import VARIABLE, Masked, mask_shape, simplify
from forensics.patterns.shapes import shape_of


def mask(message: str) -> str:
    masked = mask_shape(shape_of(message))
    return "".join(
        f" {token}" if spaced and i else token
        for i, (token, spaced) in enumerate(zip(*masked, strict=True))
    )


@pytest.mark.parametrize(
    ("message", "template"),
    [
        ("took 3ms", "took <*>"),
        ("took 3 ms for 12.5KB", "took <*> for <*>"),
        ("took < 1 s", "took <*>"),
        ("from 10.0.0.1:8080 to [2001:db8::1]:443", "from <*> to [<*>]:<*>"),
        ("id 550e8400-e29b-41d4-a716-446655440000", "id <*>"),
        ("at 0x7fff5fbff8c0 and deadbeef", "at <*> and <*>"),
        ("read /var/lib/db/data and C:\\Temp\\x y", "read <*> and <*> y"),
        ("get https://host.example/a?b=c done", "get <*> done"),
        ("mail of bob@example.com bounced", "mail of <*> bounced"),
        ("up since Mon Feb 9 08:00:01 UTC 2026 at last", "up since <*> at last"),
        ("user=root uid=0 tty=ssh", "user=root uid=<*> tty=ssh"),
        ("on=true off=false left null", "on=<*> off=<*> left null"),
        ("left=null right", "left=<*> right"),
        ("ids 1, 2, 3 gone", "ids <*> gone"),
        ("hosts a1 b2 c3 gone", "hosts <*> gone"),
        ("node-[1-3,7] down", "<*> down"),
        ("sent 10 bytes (1.2 KB) off", "sent <*> bytes off"),
        ("peer (10.0.0.1) gone () now", "peer gone now"),
        ('saw Order{id=3, lines=[Line{sku="x"}]} twice', "saw <*> twice"),
        ('payload {"a": 1, "b": {"c": "x"}} sent', "payload <*> sent"),
        ("link up on eth0", "link up on eth0"),
        ("session opened for user bob by pid", "session opened for user <*> by pid"),
        ("TLSv1.2 by HTTP/1.1", "<*> by <*>"),
        ("file.c:123 failed: timed out", "<*> failed: timed out"),
        ("red alert\x07", "red alert"),
        ("Intent { act=x } sent", "Intent <*> sent"),
        ("org.acme.Foo@1f2e3d closed", "<*> closed"),
    ],
)
def test_values_are_masked_and_words_are_kept(message: str, template: str) -> None:
    assert mask(message) == template


def test_lists_of_any_length_have_one_template() -> None:
    templates = {
        mask("dropped " + ", ".join(str(i) for i in range(n)) + " at last") for n in range(1, 40)
    }
    assert templates == {"dropped <*> at last"}


def test_parts_that_repeat_have_one_template() -> None:
    templates = {mask("sets" + " node-3 0x1f <ok>" * n) for n in range(1, 9)}
    assert len(templates) == 1


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_masked_and_masking_again_changes_nothing(message: str) -> None:
    masked = mask_shape(shape_of(message))
    assert len(masked.tokens) == len(masked.spaced)
    assert simplify(masked) == masked
    assert not any(c.isdigit() and c.isascii() and c != "0" for t in masked.tokens for c in t)


def test_a_message_of_many_tokens_is_cut() -> None:
    masked = mask_shape("word " * 1000)
    assert len(masked.tokens) < 300
    assert masked.tokens[-1] == VARIABLE


def test_nothing_is_a_message_without_tokens() -> None:
    assert mask_shape("") == Masked((), ())
