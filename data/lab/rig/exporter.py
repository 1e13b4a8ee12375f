"""Exports what a node would: container memory, limits, restarts, database sessions."""

from __future__ import annotations

import http.server
import threading

from rig.cluster import Cluster, resident_bytes
from rig.postgres import Postgres
from rig.processes import LOOPBACK, RigError


def render(cluster: Cluster, postgres: Postgres) -> str:
    """Return the metrics in Prometheus' text format, with cAdvisor's and others' names."""
    lines: list[str] = []
    limit_bytes = cluster.scenario.limit_mib * 1024 * 1024
    for pod in list(cluster.pods):
        labels = f'namespace="payment-system",pod="{pod.name}",container="payment-api"'
        used_bytes = resident_bytes(pod.jvm_pid)
        if used_bytes:
            lines.append(f"container_memory_working_set_bytes{{{labels}}} {used_bytes}")
        lines.append(f"container_spec_memory_limit_bytes{{{labels}}} {limit_bytes}")
        lines.append(f"kube_pod_container_status_restarts_total{{{labels}}} {pod.restarts}")
    try:
        sessions = postgres.count_sessions()
    except RigError:
        sessions = {}
    for state in ("active", "idle", "idle in transaction"):
        count = sessions.get(state, 0)
        lines.append(f'pg_stat_activity_count{{datname="payments",state="{state}"}} {count}')
    return "\n".join(lines) + "\n"


class Exporter:
    """Serves ``/metrics`` on a free loopback port from a thread."""

    def __init__(self, cluster: Cluster, postgres: Postgres) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers every GET with the metrics."""

            def do_GET(self) -> None:
                """Answer."""
                body = render(cluster, postgres).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Keep quiet."""

        self.server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.server.daemon_threads = True
        self.port = int(self.server.server_address[1])
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def start(self) -> None:
        """Start serving."""
        self.thread.start()

    def stop(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()
