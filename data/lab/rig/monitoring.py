"""A real Prometheus with a real Alertmanager over the rig's pods."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.parse
from pathlib import Path

import yaml

from rig.processes import LOOPBACK, Processes, answers, pick_port, read_url, wait_until

STEP_S = 2
RULES = (
    # name, severity, seconds it must hold, expression
    (
        "Memory_Usage",
        "warning",
        8,
        "container_memory_working_set_bytes / container_spec_memory_limit_bytes > 0.8",
    ),
    (
        "Heap_Old_Generation_High",
        "warning",
        8,
        'jvm_memory_used_bytes{id="G1 Old Gen"} / jvm_memory_max_bytes{id="G1 Old Gen"} > 0.6',
    ),
    (
        "Database_ConnectionPool_Exhausted",
        "critical",
        6,
        "hikaricp_connections_active >= hikaricp_connections_max",
    ),
    (
        "PaymentAPI_ErrorRate",
        "critical",
        6,
        (
            'sum(rate(http_requests_total{status="500"}[20s]))'
            " / sum(rate(http_requests_total[20s])) > 0.05"
        ),
    ),
    (
        "Response_Time_P99",
        "warning",
        6,
        (
            "histogram_quantile(0.99, sum by (le) "
            "(rate(http_server_requests_seconds_bucket[20s]))) > 0.1"
        ),
    ),
    ("Request_Rate_High", "info", 6, "sum(rate(http_requests_total[20s])) > 100"),
    ("Pod_Restart", "warning", 0, "increase(kube_pod_container_status_restarts_total[30s]) > 0"),
)
FAMILIES = (
    "up",
    "jvm_",
    "process_",
    "hikaricp_",
    "http_",
    "fraud_",
    "application_info",
    "container_",
    "kube_",
    "pg_",
)


def rule_groups() -> dict[str, object]:
    """Return the alerting rules as Prometheus reads them."""
    rules = [
        {
            "alert": name,
            "expr": expression,
            "for": f"{hold_s}s",
            "labels": {"severity": severity, "service": "payment-api"},
            "annotations": {"summary": f"{name}: {expression}"},
        }
        for name, severity, hold_s, expression in RULES
    ]
    return {"groups": [{"name": "payments", "interval": "2s", "rules": rules}]}


class Monitoring:
    """Starts both servers and answers range queries."""

    def __init__(
        self, processes: Processes, folder: Path, targets: Path, exporter_port: int
    ) -> None:
        self.processes = processes
        self.folder = folder
        self.targets = targets
        self.exporter_port = exporter_port
        self.port = pick_port()
        self.alert_port = pick_port()
        self.prometheus: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Prometheus' address."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Write the configuration and start both servers."""
        self.folder.mkdir(parents=True)
        manager = {
            "route": {"receiver": "on-call", "group_wait": "1s"},
            "receivers": [{"name": "on-call"}],
        }
        self.write("alertmanager.yml", manager)
        self.write("rules.yml", rule_groups())
        self.write("prometheus.yml", self.scraping())
        self.launch()

    def scraping(self) -> dict[str, object]:
        """Return Prometheus' configuration."""
        pods = {
            "job_name": "pods",
            "file_sd_configs": [{"files": [str(self.targets)], "refresh_interval": "2s"}],
        }
        node = {
            "job_name": "node",
            "honor_labels": True,
            "static_configs": [{"targets": [f"{LOOPBACK}:{self.exporter_port}"]}],
        }
        manager = {"static_configs": [{"targets": [f"{LOOPBACK}:{self.alert_port}"]}]}
        return {
            "global": {
                "scrape_interval": f"{STEP_S}s",
                "scrape_timeout": "2s",
                "evaluation_interval": "2s",
            },
            "rule_files": ["rules.yml"],
            "scrape_configs": [pods, node],
            "alerting": {"alertmanagers": [manager]},
        }

    def launch(self) -> None:
        """Start Alertmanager and Prometheus on loopback."""
        self.processes.start(
            [
                "prometheus-alertmanager",
                f"--config.file={self.folder}/alertmanager.yml",
                f"--storage.path={self.folder}/alerts",
                f"--web.listen-address={LOOPBACK}:{self.alert_port}",
                "--cluster.listen-address=",
            ],
            self.folder / "alertmanager.out",
        )
        self.prometheus = self.processes.start(
            [
                "prometheus",
                f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/tsdb",
                f"--web.listen-address={LOOPBACK}:{self.port}",
                f"--web.external-url={self.address}/",
            ],
            self.folder / "prometheus.out",
        )
        wait_until(lambda: answers(f"{self.address}/-/ready"), "Prometheus")

    def write(self, name: str, content: object) -> None:
        """Write a configuration file."""
        (self.folder / name).write_text(yaml.safe_dump(content), encoding="utf-8")

    def hold(self) -> None:
        """Stop scraping for a moment: a scrape makes objects."""
        if self.prometheus is not None:
            self.prometheus.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Scrape again."""
        if self.prometheus is not None:
            self.prometheus.send_signal(signal.SIGCONT)

    def metric_names(self) -> list[str]:
        """Return the scraped metrics worth exporting."""
        raw = read_url(f"{self.address}/api/v1/label/__name__/values")
        names: list[str] = json.loads(raw)["data"]
        return [name for name in names if name.startswith(FAMILIES)]

    def query_range(self, query: str, start: float, end: float) -> bytes:
        """Return the body of a range query, as the server sent it."""
        fields = {"query": query, "start": f"{start:.0f}", "end": f"{end:.0f}", "step": str(STEP_S)}
        url = f"{self.address}/api/v1/query_range?{urllib.parse.urlencode(fields)}"
        return read_url(url, timeout_s=30.0)

    def alerts(self) -> bytes:
        """Return Alertmanager's ``/api/v2/alerts``."""
        return read_url(f"http://{LOOPBACK}:{self.alert_port}/api/v2/alerts")
