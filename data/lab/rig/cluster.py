"""Plays Kubernetes: starts pods, rolls deployments, kills over the limit, restarts, remembers."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from rig.load import Load
from rig.postgres import Postgres
from rig.processes import (
    JAR_FOLDER,
    JARS,
    LOOPBACK,
    Processes,
    answers,
    pick_port,
    read_url,
    wait_until,
)
from rig.scenario import Scenario

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
OOM_EXIT_CODE = 137
HERE = Path(__file__).resolve().parents[1]


@dataclass
class Event:
    """One thing that really happened, for the Kubernetes events list."""

    at: float
    kind: str
    name: str
    reason: str
    message: str
    is_warning: bool = False


@dataclass
class Pod:
    """One pod and its current process."""

    name: str
    workload: str
    version: str
    port: int
    created_at: float
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    restarts: int = 0
    last_exit: dict[str, object] = field(default_factory=dict)
    truth: list[dict[str, float]] = field(default_factory=list)
    jvm_pid: int = 0


def draw_letters(rng: random.Random, count: int) -> str:
    """Draw a suffix as Kubernetes does."""
    return "".join(rng.choice(LETTERS) for _ in range(count))


def resident_bytes(pid: int) -> int:
    """Return a process's resident memory, 0 when it is gone."""
    try:
        rows = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    sizes = [int(row.split()[1]) * 1024 for row in rows if row.startswith("VmRSS:")]
    return sizes[0] if sizes else 0


class Cluster:
    """All pods of a run. ``watch`` runs in a thread of its own until ``is_over``."""

    def __init__(self, scenario: Scenario, folder: Path, processes: Processes) -> None:
        self.scenario = scenario
        self.folder = folder
        self.processes = processes
        self.rng = random.Random()
        self.pods: list[Pod] = []
        self.gone: list[Pod] = []
        self.events: list[Event] = []
        self.revisions: list[tuple[str, str, int, float]] = []
        self.flipped: dict[str, str] = {}
        self.is_over = False
        self.is_resting = False
        self.postgres: Postgres | None = None
        self.load: Load | None = None
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        # The service runs from the scratch folder: a dump shows its class path.
        shutil.copytree(HERE / "build", folder / "classes")
        shutil.copy2(HERE / "service" / "logback.xml", folder / "logback.xml")
        for name in ("logs", "gc", "heap", "threads", "out"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def template_hash(self, workload: str, version: str) -> str:
        """Return the ReplicaSet hash of a workload's version."""
        digest = hashlib.sha256(f"{workload}{version}".encode()).digest()
        return "".join(LETTERS[b % len(LETTERS)] for b in digest[:10])

    def remember(
        self, kind: str, name: str, reason: str, message: str, *, warn: bool = False
    ) -> None:
        """Keep an event."""
        self.events.append(Event(time.time(), kind, name, reason, message, warn))

    def flags_of(self, pod: Pod) -> str:
        """Return the features of a pod: its version's, unless a flag was flipped."""
        return self.flipped.get(pod.workload, self.scenario.versions.get(pod.version, ""))

    def start_process(self, pod: Pod) -> None:
        """Start a pod's container."""
        if self.postgres is None:
            raise RuntimeError("the cluster has no database yet")
        classpath = ":".join(
            [str(self.folder / "classes"), *(str(JAR_FOLDER / f"{j}.jar") for j in JARS)]
        )
        life = f"{pod.name}.{pod.restarts}"
        defaults = {
            "version": pod.version,
            "pod": pod.name,
            "port": str(pod.port),
            "jdbc": self.postgres.jdbc_url,
            "flags": self.flags_of(pod),
            "logs": str(self.folder / "logs"),
        }
        properties = {**defaults, **self.scenario.properties}
        command = [
            "java",
            f"-Xmx{self.scenario.heap_mib}m",
            "-Xms32m",
            "-XX:+UseG1GC",
            "-Xss512k",
            "-XX:ParallelGCThreads=2",
            "-XX:MaxDirectMemorySize=1g",
            "-XX:+HeapDumpOnOutOfMemoryError",
            f"-XX:HeapDumpPath={self.folder / 'heap'}/{life}.oom.hprof",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Xlog:gc*:file={self.folder / 'gc'}/{life}.gc.log:utctime,uptime,level,tags",
            f"-Dlogback.configurationFile={self.folder / 'logback.xml'}",
            *(f"-Dlab.{key}={value}" for key, value in properties.items()),
            "-cp",
            classpath,
            "shop.payments.Main",
        ]
        pod.process = self.processes.start(command, self.folder / "out" / f"{life}.out")
        pod.jvm_pid = pod.process.pid
        pod.started_at = time.time()
        self.remember("Pod", pod.name, "Started", "Started container payment-api")

    def create(self, workload: str, version: str) -> Pod:
        """Create a pod and wait until it is ready."""
        name = f"{workload}-{self.template_hash(workload, version)}-{draw_letters(self.rng, 5)}"
        pod = Pod(name, workload, version, pick_port(), time.time())
        self.start_process(pod)
        wait_until(lambda: answers(f"http://{LOOPBACK}:{pod.port}/health"), name, 60.0)
        self.pods.append(pod)
        self.update_targets()
        return pod

    def retire(self, pod: Pod) -> None:
        """Take a pod out of service and end it."""
        self.pods.remove(pod)
        self.update_targets()
        time.sleep(1.0)
        self.poll_truth(pod)
        self.remember("Pod", pod.name, "Killing", "Stopping container payment-api")
        if pod.process is not None:
            self.processes.stop(pod.process)
        pod.ended_at = time.time()
        self.gone.append(pod)

    def roll_out(self, workload: str, version: str) -> None:
        """Replace a workload's pods one by one, new ones first."""
        old = [p for p in self.pods if p.workload == workload]
        digest = self.template_hash(workload, version)
        self.revisions.append((workload, version, len(self.revisions) + 1, time.time()))
        for number, pod in enumerate(old, start=1):
            text = f"Scaled up replica set {workload}-{digest} to {number}"
            self.remember("Deployment", workload, "ScalingReplicaSet", text)
            self.create(workload, version)
            text = f"Scaled down replica set {pod.name.rsplit('-', 1)[0]} to {len(old) - number}"
            self.remember("Deployment", workload, "ScalingReplicaSet", text)
            self.retire(pod)

    def set_flags(self, workload: str, flags: str) -> None:
        """Set the features of every running pod of a workload, and of those to come."""
        self.flipped[workload] = flags
        for pod in self.pods:
            if pod.workload == workload:
                read_url(f"http://{LOOPBACK}:{pod.port}/admin/flags", body=flags.encode())

    def update_targets(self) -> None:
        """Tell the load generator and Prometheus which pods are ready."""
        ready = [p for p in self.pods if p.process is not None and p.process.poll() is None]
        if self.load is not None:
            for name in self.load.targets:
                self.load.targets[name] = [p.port for p in ready if p.workload == name]
        groups = [
            {
                "targets": [f"{LOOPBACK}:{p.port}"],
                "labels": {
                    "pod": p.name,
                    "namespace": "payment-system",
                    "job": p.workload,
                    "version": p.version,
                },
            }
            for p in ready
        ]
        scratch = self.folder / "targets.tmp"
        scratch.write_text(json.dumps(groups), encoding="utf-8")
        scratch.replace(self.folder / "targets.json")

    def poll_truth(self, pod: Pod) -> None:
        """Read what the pod's faults really lost so far."""
        try:
            row = json.loads(read_url(f"http://{LOOPBACK}:{pod.port}/admin/truth", timeout_s=2.0))
        except (OSError, ValueError):
            return
        pod.truth.append({**row, "life": pod.restarts})

    def watch(self) -> None:
        """Enforce the memory limit, restart what died, poll the truth."""
        limit_bytes = self.scenario.limit_mib * 1024 * 1024
        while not self.is_over:
            for pod in list(self.pods):
                if pod not in self.pods or pod.process is None or self.is_over or self.is_resting:
                    continue
                if pod.process.poll() is None and resident_bytes(pod.jvm_pid) > limit_bytes:
                    pod.process.kill()
                    pod.process.wait(timeout=10)
                if pod.process.poll() is not None:
                    self.restart(pod)
                elif not pod.truth or time.time() * 1000 - pod.truth[-1]["at_ms"] > 1_500:
                    self.poll_truth(pod)
            time.sleep(0.25)

    def restart(self, pod: Pod) -> None:
        """Note how a container ended and start it again."""
        if pod.process is None:
            return
        code = pod.process.returncode
        is_killed = code == -9
        reason = "OOMKilled" if is_killed else "Error"
        exit_code = OOM_EXIT_CODE if is_killed else code
        pod.last_exit = {
            "reason": reason,
            "exitCode": exit_code,
            "startedAt": pod.started_at,
            "finishedAt": time.time(),
        }
        if is_killed:
            text = (
                f"Memory cgroup out of memory: Killed process {pod.jvm_pid} (java) pod={pod.name}"
            )
            self.remember("Node", "lab-node-1", "OOMKilling", text, warn=True)
        else:
            text = f"Container payment-api of pod {pod.name} exited with code {exit_code}"
            self.remember("Pod", pod.name, "BackOff", text, warn=True)
        pod.restarts += 1
        self.update_targets()
        time.sleep(0.5)
        self.start_process(pod)
        wait_until(
            lambda: self.is_over or answers(f"http://{LOOPBACK}:{pod.port}/health"), pod.name, 60.0
        )
        self.update_targets()
