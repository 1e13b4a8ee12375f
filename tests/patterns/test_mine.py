"""Templates: found again in invented logs, whatever the order and the cut."""

from __future__ import annotations

import random
import sys
from collections import defaultdict

import polars as pl
import pytest
from synthetic import STYLES, make_log

from forensics.patterns import Patterns, assign, count_shapes, merge_shapes, mine, mine_shapes
from forensics.patterns.variables import classify_variables, kind_of


def grouping_accuracy(found: list[str], truth: list[str]) -> tuple[float, float]:
    """Return share of messages, and F1 of groups, whose group is exactly a true one."""
    found_groups: dict[str, set[int]] = defaultdict(set)
    true_groups: dict[str, set[int]] = defaultdict(set)
    for i, (one, other) in enumerate(zip(found, truth, strict=True)):
        found_groups[one].add(i)
        true_groups[other].add(i)
    wanted = {frozenset(group) for group in true_groups.values()}
    right = [group for group in found_groups.values() if frozenset(group) in wanted]
    groups = len(found_groups) + len(true_groups)
    return sum(map(len, right)) / len(truth), 2 * len(right) / groups


@pytest.mark.parametrize("style", STYLES)
def test_invented_statements_are_found_again(style: str) -> None:
    messages, truth = make_log(style, seed=11)
    accuracy, f1 = grouping_accuracy(mine(pl.Series(messages)).message_ids.to_list(), truth)
    assert accuracy >= 0.97
    assert f1 >= 0.9


def same(one: Patterns, other: Patterns) -> bool:
    return one.templates.equals(other.templates) and one.shapes.equals(other.shapes)


@pytest.mark.parametrize("style", ["phone", "cloud"])
def test_order_and_parts_make_no_difference(style: str) -> None:
    messages, _ = make_log(style, seed=5)
    whole = mine(pl.Series(messages))
    shuffled = random.Random(1).sample(messages, len(messages))
    assert same(mine(pl.Series(shuffled)), whole)
    parts = [count_shapes(pl.Series(shuffled[i::3])) for i in range(3)]
    assert same(mine_shapes(merge_shapes(parts)), whole)


def test_frequencies_do_not_change_the_templates() -> None:
    messages, _ = make_log("web", seed=3, lines=300)
    once = mine(pl.Series(messages))
    often = mine(pl.Series(messages), pl.Series(range(1, 301)))
    assert set(once.templates["template_id"]) == set(often.templates["template_id"])


def test_few_words_in_one_place_are_statements_and_many_are_values() -> None:
    few = mine(pl.Series(["pump state is on now", "pump state is off now"]))
    assert few.templates.height == 2
    many = mine(
        pl.Series([f"pump {word} is on now" for word in ["abc", "def", "ghi", "jkl", "mno", "pqr"]])
    )
    assert many.templates["template"].to_list() == ["pump <*> is on now"]


def test_a_word_where_a_number_may_stand_is_a_value() -> None:
    found = mine(pl.Series(["lease of host 10.0.0.1 expired", "lease of host gateway expired"]))
    assert found.templates["template"].to_list() == ["lease of host <*> expired"]


def test_programs_that_say_the_same_stay_apart() -> None:
    names = ["crond", "sshd", "ntpd", "cupsd", "portmap", "syslogd", "klogd", "named"]
    assert mine(pl.Series([f"{name} startup succeeded" for name in names])).templates.height == 8


def test_a_dump_of_properties_is_one_pattern() -> None:
    keys = ["java.home", "os.name", "user.dir", "java.vendor", "host.name"]
    found = mine(
        pl.Series([f"Server environment:{key}=" + "text " * n for n, key in enumerate(keys)])
    )
    assert found.templates["template"].to_list() == ["Server environment:<*>"]


def test_ids_do_not_depend_on_the_other_messages() -> None:
    alone = mine(pl.Series(["took 3 ms"])).templates["template_id"].item()
    among = mine(pl.Series(["took 5 ms", "gave up", "went home"]))
    assert alone in among.templates["template_id"]


def test_assign_gives_new_messages_the_known_templates() -> None:
    patterns = mine(pl.Series([f"user id {w} left" for w in ["ab", "cd", "ef", "gh", "ij", "kl"]]))
    found = assign(pl.Series(["user id xy left", "user id 17 left", "nobody left"]), patterns)
    (only,) = patterns.templates["template_id"]
    assert found.to_list() == [only, only, None]
    messages, _ = make_log("secureshell", seed=2)
    mined = mine(pl.Series(messages))
    assert assign(pl.Series(messages), mined).to_list() == mined.message_ids.to_list()


def test_blank_messages_are_a_pattern_of_their_own() -> None:
    found = mine(pl.Series(["", "  ", "gave up"]))
    assert dict(found.templates.select("template", "count").iter_rows()) == {"": 2, "gave up": 1}


def test_no_messages_have_no_templates() -> None:
    found = mine(pl.Series([], dtype=pl.String))
    assert found.templates.is_empty()
    assert found.message_ids.is_empty()
    assert assign(pl.Series([], dtype=pl.String), found).is_empty()


def test_shapes_beyond_the_limit_are_told_apart_by_first_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = sys.modules["forensics.patterns.mine"]  # the function has the same name
    monkeypatch.setattr(module, "MOST_SHAPES", 2)
    monkeypatch.setattr(module, "FEWEST_OF_FIRST_WORD", 3)
    rare = [f"free text {'x' * n}" for n in range(1, 5)]
    found = mine(pl.Series(["often"] * 9 + ["too"] * 9 + [*rare, "other words"]))
    assert set(found.templates["template"]) == {"often", "too", "free <*>", "<*>"}
    assert found.templates["count"].sum() == 23


def test_variables_have_kinds() -> None:
    sample = (
        "GET /api/x by 10.0.0.1:80 took 3ms for 12.5 KB id 550e8400-e29b-41d4-a716-446655440000"
    )
    template = "GET <*> by <*> took <*> for <*> id <*>"
    assert classify_variables(template, [sample]) == ["path", "ip", "duration", "size", "uuid"]
    assert classify_variables("no variable", ["no variable"]) == []
    assert classify_variables("n <*>", ["n 1", "n x"]) == ["text"]


def test_a_card_number_is_told_from_an_epoch_stamp() -> None:
    assert kind_of("4111 1111 1111 1111") == "card"
    assert kind_of("1770624000000") == "number"
