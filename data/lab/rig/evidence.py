"""Collects a run's evidence into a folder, as an engineer would after the incident."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rig import heap, kubernetes
from rig.kubernetes import stamp

if TYPE_CHECKING:
    from run import Run

PACK_OVER_BYTES = 1_500_000


def collect_evidence(run: Run, out: Path) -> None:
    """Write every file of evidence of a run that still runs, and end it between."""
    for name in ("metrics", "logs", "gc", "kubernetes", "alerts", "changes", "heap", "threads"):
        (out / name).mkdir(parents=True)
    for name in run.monitoring.metric_names():
        body = run.monitoring.query_range(name, run.started_at - 20, run.ended_at)
        (out / "metrics" / f"{name}.json").write_bytes(body + b"\n")
    (out / "alerts" / "alertmanager.json").write_bytes(run.monitoring.alerts())
    for name, text in kubernetes.render_all(run.cluster).items():
        (out / "kubernetes" / name).write_text(text, encoding="utf-8")
    calendar = yaml.safe_dump({"changes": run.changes}, sort_keys=False, width=100)
    (out / "changes" / "calendar.yaml").write_text(calendar, encoding="utf-8")
    run.stop()
    copy_files(run, out)
    write_declaration(run, out)


def copy_files(run: Run, out: Path) -> None:
    """Copy logs and dumps; large logs are packed."""
    for name in ("logs", "gc", "threads"):
        for path in sorted((run.folder / name).iterdir()):
            if path.stat().st_size:
                copy_packed(path, out / name / path.name)
    copy_packed(run.postgres.log, out / "logs" / "postgresql.log")
    heap.pack_dumps(run.folder / "heap")
    for path in sorted((run.folder / "heap").iterdir()):
        shutil.copy2(path, out / "heap" / path.name)


def copy_packed(path: Path, target: Path) -> None:
    """Copy a file, packed when it is large."""
    data = path.read_bytes()
    if len(data) > PACK_OVER_BYTES:
        target.with_name(target.name + ".gz").write_bytes(gzip.compress(data, mtime=0))
    else:
        target.write_bytes(data)


def write_declaration(run: Run, out: Path) -> None:
    """Write the declaration and ``incident.yaml``: what was known at the declared minute."""
    scenario = run.scenario
    started = next((str(c["started_at"]) for c in reversed(run.changes)), stamp(run.started_at))
    detected = stamp(run.started_at + scenario.declared_s)
    rows = [f"- {c['started_at']} {c['kind']}: {c['title']}" for c in run.changes]
    text = scenario.declaration.format(
        started=started, detected=detected, changes="\n".join(rows), limit_mib=scenario.limit_mib
    )
    (out / "declaration.md").write_text(text, encoding="utf-8")
    facts = {
        "id": f"lab-{scenario.name}",
        "title": scenario.title,
        "severity": "P1",
        "service": scenario.workloads[0].name,
        "namespace": "payment-system",
        "declaration": "declaration.md",
        "memory_limit_bytes": scenario.limit_mib * 1024 * 1024,
    }
    (out / "incident.yaml").write_text(yaml.safe_dump(facts, sort_keys=False), encoding="utf-8")
