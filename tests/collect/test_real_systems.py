"""Real Prometheus, Alertmanager, JVM and PostgreSQL on loopback, read back as a case."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest

from forensics.collect import collect_from
from forensics.evidence import open_case
from tests.collect.conftest import answer_of, free_port, need, wait_for


def test_a_real_prometheus_gives_metrics(tmp_path, start, last_hour, quick) -> None:
    program, port = need("prometheus"), free_port()
    (tmp_path / "p.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n"
        f"  - {{job_name: self, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}\n"
    )
    start(
        program,
        f"--config.file={tmp_path}/p.yml",
        f"--storage.tsdb.path={tmp_path}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    address = f"http://127.0.0.1:{port}"
    query = f"{address}/api/v1/query?query=count_over_time(up%5B1m%5D)>2"
    wait_for(lambda: json.loads(answer_of(query))["data"]["result"], "Prometheus")
    files = collect_from(
        "prometheus", f"{address}#process_.*bytes|up$", last_hour, tmp_path / "e", access=quick
    )
    assert all(f.status == "saved" for f in files)
    case = open_case(tmp_path / "e", cache=tmp_path / "cache")
    assert {f.status for f in case.files} == {"read"}
    metrics = case.table("metrics")
    memory = metrics.filter(metrics["metric"] == "process_resident_memory_bytes")
    assert memory["value"].max() > 1e6
    assert set(memory["unit"]) == {"bytes"}


def test_a_real_alertmanager_gives_alerts(tmp_path, start, last_hour, quick) -> None:
    program, port = need("prometheus-alertmanager"), free_port()
    (tmp_path / "a.yml").write_text("route: {receiver: x}\nreceivers: [{name: x}]\n")
    start(
        program,
        f"--config.file={tmp_path}/a.yml",
        f"--storage.path={tmp_path}/alerts",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: answer_of(f"{address}/-/ready"), "Alertmanager")
    alert = [{"labels": {"alertname": "MemoryHigh", "pod": "shop-1"}, "annotations": {}}]
    _post(f"{address}/api/v2/alerts", alert)
    wait_for(lambda: json.loads(answer_of(f"{address}/api/v2/alerts")), "the alert")
    collect_from("alertmanager", address, last_hour, tmp_path / "e", access=quick)
    events = open_case(tmp_path / "e", cache=tmp_path / "cache").table("events")
    assert events.select("kind", "reason", "entity").rows() == [("alert", "MemoryHigh", "shop-1")]


def test_a_real_jvm_gives_threads_histogram_and_heap(tmp_path, start, last_hour, quick) -> None:
    java = need("java")
    need("jcmd")
    (tmp_path / "Waits.java").write_text(
        "public class Waits { static byte[][] kept = new byte[64][65536];"
        " public static void main(String[] a) throws Exception {"
        ' System.out.println("ready"); Thread.sleep(600000); } }'
    )
    process = start(java, "-Xmx64m", "-XX:TieredStopAtLevel=1", str(tmp_path / "Waits.java"))
    wait_for(lambda: b"ready" in (tmp_path / "program-0.out").read_bytes(), "the JVM")
    files = collect_from("jvm", f"{process.pid}#dump", last_hour, tmp_path / "e", access=quick)
    assert [f.status for f in files] == ["saved"] * 3, files
    case = open_case(tmp_path / "e", cache=tmp_path / "cache")
    assert {f.reader for f in case.files} == {"thread_dump", "class_histogram", "hprof"}
    assert {f.status for f in case.files} == {"read"}


@pytest.fixture
def postgres(start):
    initdb, server = need("initdb"), need("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    head: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        setpriv = need("setpriv")
        head = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    make = [initdb, "-D", f"{folder}/data", "-A", "trust", "-U", "postgres", "-N", "--locale=C"]
    subprocess.run([*head, *make], check=True, capture_output=True, cwd=folder)
    port = free_port()
    options = ["-clisten_addresses=127.0.0.1", f"-cport={port}", "-cfsync=off"]
    process = start(
        *head, server, "-D", f"{folder}/data", *options, f"-cunix_socket_directories={folder}"
    )
    ready = [need("pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
    wait_for(
        lambda: subprocess.run(ready, check=False, capture_output=True).returncode == 0,
        "PostgreSQL",
    )
    yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    process.send_signal(signal.SIGINT)  # the server's fast way down, with clients connected
    process.wait(timeout=30)
    shutil.rmtree(folder)


def test_a_real_postgresql_gives_sessions_locks_and_settings(
    tmp_path, start, postgres, last_hour, quick
) -> None:
    psql = need("psql")
    subprocess.run([psql, "-Xqd", postgres, "-c", "CREATE TABLE orders ()"], check=True)
    work = "BEGIN; LOCK TABLE orders; SELECT pg_sleep(600)"
    start(psql, "-X", "-d", postgres, "-c", work)
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'"
    asks = [psql, "-XAtq", "-d", postgres, "-c", sleeping]
    wait_for(
        lambda: subprocess.run(asks, check=False, capture_output=True).stdout.strip() == b"1",
        "a session",
    )
    files = collect_from("postgres", postgres, last_hour, tmp_path / "e", access=quick)
    assert [f.status for f in files] == ["saved"] * 4, files
    case = open_case(tmp_path / "e", cache=tmp_path / "cache")
    assert {f.status for f in case.files} == {"read"}
    messages = case.logs.collect()["message"].to_list()
    assert any(text.endswith("SELECT pg_sleep(600)") for text in messages)
    assert "AccessExclusiveLock granted on orders" in messages
    assert "max_connections = 100" in messages
    metrics = case.table("metrics")
    assert "pg_stat_activity_count" in set(metrics["metric"])


def _post(url: str, document: object) -> None:
    body = json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()
