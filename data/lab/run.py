"""Run one scenario of the lab for real and collect its evidence.

``python data/lab/run.py SCENARIO [--quick] [--out FOLDER]`` starts PostgreSQL, two or three JVMs,
Prometheus and Alertmanager on loopback, lets the scenario happen, and writes ``FOLDER/SCENARIO/``
with the evidence and ``FOLDER/SCENARIO.truth.yaml`` with what was measured to be true. Everything
that it started ends with it, also after Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType

import yaml
from rig import heap, truth
from rig.cluster import HERE, Cluster
from rig.evidence import collect_evidence
from rig.exporter import Exporter
from rig.kubernetes import stamp
from rig.load import Load
from rig.monitoring import Monitoring
from rig.postgres import Postgres
from rig.processes import JAR_FOLDER, JARS, Processes, RigError, find_missing
from rig.scenario import Happening, Scenario, read_scenario

QUICK_SPEED = 3.0
CHANGE_KINDS = {
    "deploy": "deploy",
    "maintain": "database",
    "drop-index": "database",
    "traffic": "traffic",
    "flag": "flag",
}


def build_service() -> None:
    """Compile the service when its sources are newer than its classes."""
    sources = sorted((HERE / "service" / "src").rglob("*.java"))
    stamp_file = HERE / "build" / "shop" / "payments" / "Main.class"
    newest = max(path.stat().st_mtime for path in sources)
    if stamp_file.exists() and stamp_file.stat().st_mtime > newest:
        return
    classpath = ":".join(str(JAR_FOLDER / f"{jar}.jar") for jar in JARS)
    subprocess.run(
        [
            "javac",
            "-Xlint:all",
            "-Werror",
            "-d",
            str(HERE / "build"),
            "-cp",
            classpath,
            *map(str, sources),
        ],
        check=True,
    )


class Run:
    """One run: the servers, what happens, what is dumped."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.scenario = scenario
        self.folder = folder
        self.processes = Processes()
        self.postgres = Postgres(self.processes, folder / "postgres")
        self.cluster = Cluster(scenario, folder, self.processes)
        self.load = Load({w.name: w.rps for w in scenario.workloads})
        self.exporter = Exporter(self.cluster, self.postgres)
        self.monitoring = Monitoring(
            self.processes, folder / "monitoring", folder / "targets.json", self.exporter.port
        )
        self.changes: list[dict[str, object]] = []
        self.dumps: list[dict[str, object]] = []
        self.failures: list[str] = []
        self.started_at = 0.0
        self.ended_at = 0.0

    def start(self) -> None:
        """Start the servers, the pods, and the load."""
        self.postgres.start()
        self.cluster.postgres, self.cluster.load = self.postgres, self.load
        self.cluster.update_targets()
        self.exporter.start()
        self.monitoring.start()
        for workload in self.scenario.workloads:
            self.cluster.revisions.append(
                (workload.name, workload.version, len(self.cluster.revisions) + 1, time.time())
            )
            for _ in range(workload.count):
                self.cluster.create(workload.name, workload.version)
        self.cluster.watcher.start()
        self.load.start()
        self.started_at = time.time()

    def note(
        self, change_id: str, kind: str, title: str, at: float, options: dict[str, str]
    ) -> None:
        """Enter a change into the calendar."""
        entry: dict[str, object] = {
            "id": change_id,
            "kind": kind,
            "title": title,
            "started_at": stamp(at),
            "ended_at": stamp(time.time()),
        }
        entry["scope"] = [
            options.get("workload", "payments-database" if kind == "database" else "payment-api")
        ]
        for key in ("from_version", "to_version", "details"):
            if key in options:
                entry[key] = options[key]
        self.changes.append(entry)

    def let_happen(self, happening: Happening) -> None:
        """Make one planned change real."""
        at, options = time.time(), dict(happening.options)
        workload = options.setdefault("workload", self.scenario.workloads[0].name)
        if happening.do == "deploy":
            options["from_version"] = next(
                p.version for p in self.cluster.pods if p.workload == workload
            )
            self.cluster.roll_out(workload, options["to_version"])
        elif happening.do == "traffic":
            self.load.factor = float(options["factor"])
        elif happening.do == "flag":
            self.cluster.set_flags(workload, options["flags"])
        elif happening.do == "maintain":
            del options["workload"]
            self.postgres.query("REINDEX TABLE payments")
            self.postgres.query("ANALYZE payments")
        elif happening.do == "drop-index":
            del options["workload"]
            self.postgres.query("DROP INDEX payments_merchant_idx")
        else:
            raise RigError(f"scenario {self.scenario.name}: unknown happening {happening.do!r}")
        if happening.change_id:
            self.note(happening.change_id, CHANGE_KINDS[happening.do], happening.title, at, options)

    def dump(self, number: int) -> None:
        """Dump the heap of the first workload's longest-running pod."""
        name = self.scenario.workloads[0].name
        pod = next(p for p in self.cluster.pods if p.workload == name)
        taken = heap.take_dump(
            self.cluster, self.monitoring, pod, number=number, packed_by_jvm=number % 3 == 1
        )
        self.dumps.append(taken)

    def play(self) -> None:
        """Let the planned changes and dumps happen at their times."""
        plan: list[tuple[float, Callable[[], None]]] = [
            (h.at_s, partial(self.let_happen, h)) for h in self.scenario.happenings
        ]
        plan += [(at_s, partial(self.dump, n)) for n, at_s in enumerate(self.scenario.dumps_s)]
        for at_s, action in sorted(plan, key=lambda row: row[0]):
            time.sleep(max(self.started_at + at_s - time.time(), 0.0))
            print(f"{stamp(time.time())} {at_s:6.1f} s", file=sys.stderr)
            try:
                action()
            except (RigError, subprocess.TimeoutExpired) as failure:
                # An incident may break what was planned for it; the truth says so.
                self.failures.append(str(failure))
        time.sleep(max(self.started_at + self.scenario.duration_s - time.time(), 0.0))
        self.ended_at = time.time()

    def stop(self) -> None:
        """End everything that was started."""
        self.cluster.is_over = True
        self.load.stop()
        if self.cluster.watcher.is_alive():
            self.cluster.watcher.join(timeout=70.0)
        if self.exporter.thread.is_alive():
            self.exporter.stop()
        self.processes.stop_all()


def record(scenario: Scenario, out: Path, scratch_root: Path | None = None) -> Path:
    """Run a scenario and leave its evidence and truth in ``out``."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir=scratch_root) as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        run = Run(scenario, folder)
        try:
            run.start()
            run.play()
            for pod in run.cluster.pods:
                run.cluster.poll_truth(pod)
            evidence = out / scenario.name
            shutil.rmtree(evidence, ignore_errors=True)
            collect_evidence(run, evidence)
        finally:
            run.stop()
        measured = truth.measure(scenario, run.cluster, run.dumps, run.changes)
        measured["failed_steps"] = run.failures
        text = yaml.safe_dump(measured, sort_keys=False, width=100)
        (out / f"{scenario.name}.truth.yaml").write_text(text, encoding="utf-8")
    return evidence


def end_by_signal(number: int, _frame: FrameType | None) -> None:
    """Turn a signal into an exit, so that ``finally`` runs."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario", help="file of data/lab/scenarios/, without .yaml")
    parser.add_argument("--quick", action="store_true", help="three times as fast, twice the load")
    parser.add_argument("--out", type=Path, default=HERE / "runs")
    parser.add_argument("--scratch", type=Path, help="where to run; dumps show this path")
    options = parser.parse_args()
    missing = find_missing()
    if missing:
        print(f"lab: not installed here: {', '.join(missing)}", file=sys.stderr)
        return 3
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
    build_service()
    path = HERE / "scenarios" / f"{options.scenario}.yaml"
    scenario = read_scenario(path, speed=QUICK_SPEED if options.quick else 1.0)
    options.out.mkdir(parents=True, exist_ok=True)
    print(record(scenario, options.out, options.scratch))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
