"""Kubernetes, Loki and Elasticsearch as their specifications answer, read back as a case."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from forensics.collect import Window, collect_from
from forensics.collect import elasticsearch as es
from forensics.collect import loki as loki_source
from forensics.errors import UsageError
from forensics.evidence import open_case

T0 = datetime(2026, 3, 1, 10, tzinfo=UTC)
WINDOW = Window(T0, T0 + timedelta(hours=1))


def read_logs(folder, tmp_path):
    case = open_case(folder, cache=tmp_path / "cache")
    assert {(f.path, f.status) for f in case.files} == {
        (str(p.relative_to(folder)), "read") for p in folder.rglob("*") if p.is_file()
    }
    return case, case.logs.collect()


def kubernetes(path, _fields, _document):
    kind = path.rsplit("/", 1)[1]
    api = "v1" if path.startswith("/api/v1") else "apps/v1"
    name = {"pods": "Pod", "events": "Event", "replicasets": "ReplicaSet"}.get(kind, "Deployment")
    items = []
    if kind == "pods":
        killed = {
            "exitCode": 137,
            "reason": "OOMKilled",
            "startedAt": "2026-03-01T10:00:00Z",
            "finishedAt": "2026-03-01T10:20:00Z",
        }
        items = [
            {
                "metadata": {"name": "shop-1", "namespace": "shop"},
                "spec": {"containers": [{"name": "app", "image": "shop:1"}]},
                "status": {
                    "containerStatuses": [
                        {"name": "app", "restartCount": 1, "lastState": {"terminated": killed}}
                    ]
                },
            }
        ]
    return 200, {}, {"kind": f"{name}List", "apiVersion": api, "items": items}


def test_kubernetes_objects_become_events(serve, tmp_path, quick) -> None:
    server = serve(kubernetes)
    target = f"{server.address}#shop"
    files = collect_from("kubernetes", target, WINDOW, tmp_path / "e", access=quick)
    assert [f.status for f in files] == ["saved"] * 4
    assert server.asked[0][0] == "/api/v1/namespaces/shop/pods"
    case = open_case(tmp_path / "e", cache=tmp_path / "cache")
    kinds = case.table("events")["kind"].to_list()
    assert "oom_kill" in kinds


def test_a_namespace_that_is_none_is_refused(tmp_path, quick) -> None:
    with pytest.raises(UsageError, match="namespace"):
        collect_from("kubernetes", "http://127.0.0.1:9#a/../b", WINDOW, tmp_path, access=quick)


def loki(lines):
    def reply(_path, fields, _document):
        chosen = [
            [str(ns), text] for ns, text in lines if int(fields["start"]) <= ns < int(fields["end"])
        ][: int(fields["limit"])]
        stream = {"stream": {"app": "shop", "level": "warn"}, "values": chosen}
        return 200, {}, {"status": "success", "data": {"result": [stream]}}

    return reply


def test_loki_lines_come_page_by_page_without_loss_or_repetition(
    serve, tmp_path, quick, monkeypatch
) -> None:
    monkeypatch.setattr(loki_source, "_PAGE", 4)
    t0 = int(T0.timestamp()) * 10**9
    lines = [(t0 + (i // 2) * 10**9, f"order {i} is late") for i in range(11)]
    server = serve(loki(lines))
    target = server.address + '#{app="shop"}'
    collect_from("loki", target, WINDOW, tmp_path / "e", access=quick)
    _, logs = read_logs(tmp_path / "e", tmp_path)
    assert logs["message"].to_list() == [text for _, text in lines]
    assert logs["time"][-1] == T0 + timedelta(seconds=5)
    assert set(logs["level"]) == {"WARN"}


def test_loki_lines_that_are_objects_keep_their_fields(serve, tmp_path, quick) -> None:
    t0 = int(T0.timestamp()) * 10**9
    own = {"time": "2026-03-01T10:00:07Z", "level": "error", "message": "no stock"}
    server = serve(loki([(t0, json.dumps(own))]))
    collect_from("loki", server.address + "#{}", WINDOW, tmp_path / "e", access=quick)
    _, logs = read_logs(tmp_path / "e", tmp_path)
    row = logs.row(0, named=True)
    assert (row["level"], row["message"]) == ("ERROR", "no stock")
    assert row["time"] == T0 + timedelta(seconds=7)


def test_loki_without_a_query_is_refused(tmp_path, quick) -> None:
    with pytest.raises(UsageError, match="query"):
        collect_from("loki", "http://127.0.0.1:9", WINDOW, tmp_path, access=quick)


def test_elasticsearch_documents_come_page_by_page(serve, tmp_path, quick, monkeypatch) -> None:
    monkeypatch.setattr(es, "_PAGE", 3)
    documents = [
        {
            "@timestamp": f"2026-03-01T10:00:{i:02}.000Z",
            "log.level": "ERROR",
            "message": f"order {i} failed",
            "ecs.version": "1.2.0",
        }
        for i in range(7)
    ]

    def reply(path, _fields, document):
        assert path == "/logs-*/_search"
        assert document["query"]["range"]["@timestamp"]["gte"].startswith("2026-03-01T10:00:00")
        first = document["search_after"][0] if "search_after" in document else 0
        page = list(enumerate(documents, start=1))[first : first + document["size"]]
        return 200, {}, {"hits": {"hits": [{"_source": d, "sort": [n, n]} for n, d in page]}}

    server = serve(reply)
    target = f"{server.address}#logs-*"
    collect_from("elasticsearch", target, WINDOW, tmp_path / "e", access=quick)
    _, logs = read_logs(tmp_path / "e", tmp_path)
    assert logs["message"].to_list() == [d["message"] for d in documents]
