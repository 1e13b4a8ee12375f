"""A bounded open-loop load generator over the pods that are ready."""

from __future__ import annotations

import http.client
import itertools
import queue
import threading
import time

from rig.processes import LOOPBACK, wait_until


class Load:
    """Sends payments to each workload's ready pods at its rate; ``factor`` scales all rates."""

    def __init__(self, rates_rps: dict[str, float], workers: int = 12) -> None:
        self.rates_rps = rates_rps
        self.factor = 1.0
        self.targets: dict[str, list[int]] = {name: [] for name in rates_rps}
        self.is_paused = False
        self.is_over = False
        self.in_flight = 0
        self.sent = 0
        self.lock = threading.Lock()
        self.turns: queue.Queue[str] = queue.Queue(maxsize=64)
        self.counters = {name: itertools.count() for name in rates_rps}
        names = [self.run_worker] * workers
        self.threads = [threading.Thread(target=run, daemon=True) for run in names]
        self.threads += [
            threading.Thread(target=self.run_pacer, args=(name,), daemon=True) for name in rates_rps
        ]

    def start(self) -> None:
        """Start pacing and sending."""
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Stop sending; returns when the threads have ended."""
        self.is_over = True
        for thread in self.threads:
            if thread.is_alive():
                thread.join(timeout=15.0)

    def pause(self) -> None:
        """Hold new requests and wait for those on their way."""
        self.is_paused = True
        time.sleep(0.2)
        wait_until(lambda: self.in_flight == 0, "idle load", 20.0)

    def resume(self) -> None:
        """Let requests flow again."""
        self.is_paused = False

    def run_pacer(self, name: str) -> None:
        """Hand out turns at the workload's rate; turns that find no room are dropped."""
        due = time.monotonic()
        while not self.is_over:
            due = max(due, time.monotonic() - 0.5) + 1.0 / (self.rates_rps[name] * self.factor)
            time.sleep(max(due - time.monotonic(), 0.0))
            if not self.is_paused and self.targets[name]:
                try:
                    self.turns.put_nowait(name)
                except queue.Full:
                    continue

    def run_worker(self) -> None:
        """Take turns and send."""
        while not self.is_over:
            try:
                name = self.turns.get(timeout=0.2)
            except queue.Empty:
                continue
            with self.lock:
                ports = self.targets[name]
                port = ports[next(self.counters[name]) % len(ports)] if ports else 0
                is_held = self.is_paused or port == 0
                self.in_flight += 0 if is_held else 1
            if not is_held:
                self.send(port)

    def send(self, port: int) -> None:
        """Send one payment; a refused or broken connection is part of an incident."""
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=8.0)
        try:
            connection.request("POST", "/api/v1/payments", body=b"{}")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
            with self.lock:
                self.in_flight -= 1
                self.sent += 1
