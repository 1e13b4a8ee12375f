"""JSON records are mined by message, plain lines as they are."""

from __future__ import annotations

import json

from forensics.run.patterns import mine_file


def test_json_records_are_mined_by_their_message(tmp_path) -> None:
    path = tmp_path / "app.jsonl"
    records = [
        {
            "@timestamp": f"2026-02-09T14:15:{n:02}.000Z",
            "level": "INFO",
            "logger_name": "a.B",
            "message": f"order {n * 37} paid" if n % 2 else "cache refreshed",
        }
        for n in range(40)
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    found = mine_file(path, are_messages=False)
    assert sorted(found.patterns.templates["template"]) == ["cache refreshed", "order <*> paid"]
    assert found.line_templates.size == 40
    assert len(set(found.line_templates[1::2])) == 1


def test_plain_lines_have_their_header_taken_off(tmp_path) -> None:
    path = tmp_path / "app.log"
    said = ["order {} paid", "cache refreshed", "gateway {} answered", "retry of {} given up"]
    lines = [
        f"2026-02-09 14:15:{n:02},000 INFO [main] a.B - {said[n % 4].format(n * 37)}"
        for n in range(40)
    ]
    path.write_text("\n".join(lines))
    found = mine_file(path, are_messages=False)
    wanted = sorted(text.replace("{}", "<*>") for text in said)
    assert sorted(found.patterns.templates["template"]) == wanted
