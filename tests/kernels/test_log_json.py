"""The quotes that the kernel finds are those that a plain walk finds."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels import log_json
from forensics.kernels.log_text import find_lines


@settings(deadline=None)
@given(st.text(alphabet='a"\\{', max_size=40))
def test_quotes_behind_an_odd_number_of_backslashes_are_left_out(text: str) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    quotes, backslashes = log_json.find_quotes(data)
    wanted = []
    for i, char in enumerate(text):
        before = text[:i]
        if char == '"' and (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            wanted.append(i)
    assert quotes[:-1].tolist() == wanted
    assert backslashes[:-1].tolist() == [i for i, char in enumerate(text) if char == "\\"]
    assert min(quotes[-1], backslashes[-1]) > len(text)


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "bc", "msg", "other", 'x"y']),
            st.one_of(st.text(max_size=6), st.integers(), st.none(), st.lists(st.text(max_size=3))),
        ),
        max_size=6,
    )
)
def test_values_are_those_of_a_full_parser_whatever_the_order_of_keys(objects: list[dict]) -> None:
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in objects)
    data = np.frombuffer(text.encode(), np.uint8)
    starts, ends = find_lines(data)
    if len(starts) != len(objects):  # a text holds another sort of line end
        return
    wanted = (np.frombuffer(b"abcmsg", np.uint8), np.array([0, 1, 3, 6]))
    is_object, found = log_json.scan_objects(data, starts, ends, log_json.find_quotes(data), wanted)
    places, sorts = log_json.spread(found, np.arange(3), 3, len(objects))
    assert is_object.all()
    for key, name in enumerate(("a", "bc", "msg")):
        for line, one in enumerate(objects):
            raw = data[places[key, 0, line] : places[key, 1, line]].tobytes().decode()
            if one.get(name) is None:
                assert sorts[key, line] == log_json.ABSENT
            elif isinstance(one[name], str):
                assert json.loads(f'"{raw}"') == one[name]
            else:
                assert json.loads(raw) == one[name]


def test_garbage_is_no_object() -> None:
    lines = ['{"a', '{"a":', '{"a":"', '{"a":[', '{"a":1', '{"a":[1}', "{", '"', '{"a" 1}', "{}x"]
    data = np.frombuffer("\n".join([*lines, '{"a":1}']).encode(), np.uint8)
    wanted = (np.frombuffer(b"a", np.uint8), np.array([0, 1]))
    is_object, _ = log_json.scan_objects(
        data, *find_lines(data), log_json.find_quotes(data), wanted
    )
    assert is_object.tolist() == [False] * len(lines) + [True]
