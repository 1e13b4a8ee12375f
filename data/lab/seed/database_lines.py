"""Render the primary database's log, as ``log_line_prefix = '%m [%p] %q%u@%d '`` shapes it."""

from __future__ import annotations

import random
from pathlib import Path

import world
from log_lines import Line
from model import Outcome

SEARCH = "SELECT id, amount_cents FROM payments WHERE merchant_id = $1 AND created_at > $2"
SETTLE = "UPDATE merchant_settlement SET pending_cents = pending_cents + $1 WHERE merchant_id = $2"


class DatabaseLog:
    """Makes the PostgreSQL log with ``log_line_prefix = '%m [%p] %q%u@%d '``."""

    def __init__(self, outcome: Outcome, seed: int) -> None:
        self.outcome = outcome
        self.rng = random.Random(f"{seed}-postgresql")
        self.lines: list[Line] = []

    def add(
        self, second: float, text: str, who: str = "payment_api@payments ", *, pid: int = 0
    ) -> None:
        """Append one line; without ``pid`` a backend is drawn."""
        head = world.stamp(second).replace("T", " ").replace("Z", " UTC")
        self.lines.append((second, f"{head} [{pid or self.draw_pid()}] {who}{text}"))

    def draw_pid(self) -> int:
        """Draw a backend's process id."""
        return self.rng.randint(2000, 32000)

    def maintain(self) -> None:
        """Log the maintenance: index rebuild, statistics, fail-over test."""
        start, end = world.MAINTENANCE_FROM_S, world.MAINTENANCE_TO_S
        dba = "dba@payments "
        self.add(
            start + 1, "LOG:  statement: REINDEX INDEX CONCURRENTLY payments_created_at_idx", dba
        )
        self.add(
            world.FAILOVER_TEST_S,
            "LOG:  received replication command: IDENTIFY_SYSTEM",
            "replicator@[unknown] ",
        )
        self.add(
            world.FAILOVER_TEST_S + 150,
            'LOG:  standby "payments-replica-1" is now a synchronous standby with priority 1',
            "",
        )
        self.add(
            end - 190,
            f"LOG:  duration: {(end - start - 191) * 1000}.417 ms  "
            "statement: REINDEX INDEX CONCURRENTLY payments_created_at_idx",
            dba,
        )
        self.add(end - 180, "LOG:  statement: ANALYZE payments", dba)
        self.add(end, "LOG:  duration: 180114.902 ms  statement: ANALYZE payments", dba)

    def routine(self) -> None:
        """Log checkpoints, and slow statements: more of them during maintenance."""
        for second in range(120, world.LENGTH_S, 300):
            self.add(
                second,
                f"LOG:  checkpoint complete: wrote {self.rng.randint(2000, 9000)} buffers "
                f"(0.{self.rng.randint(1, 9)}%); 0 WAL file(s) added, 0 removed, 3 recycled",
                "",
            )
        for second in range(0, world.LENGTH_S, 20):
            busy = world.MAINTENANCE_FROM_S <= second < world.MAINTENANCE_TO_S
            if self.rng.random() < (0.5 if busy else 0.08):
                ms = self.rng.uniform(1_000, 2_600 if busy else 1_300)
                self.add(
                    second + self.rng.random() * 20,
                    f"LOG:  duration: {ms:.3f} ms  execute <unnamed>: {SEARCH}",
                )

    def block(self) -> None:
        """Log lock waits, refused connections and the sessions that end with killed pods."""
        for second in range(world.EXHAUSTED_S - 40, world.LENGTH_S, 4):
            if second >= world.EXHAUSTED_S or self.rng.random() < 0.3:
                self.wait_for_lock(second + self.rng.random() * 4)
        for kill, pod in self.outcome.kills:
            if pod.cluster == world.CLUSTER:
                pid, at = self.draw_pid(), kill + 0.2
                self.add(at, "LOG:  could not receive data: Connection reset by peer", pid=pid)
                text = "LOG:  unexpected EOF on client connection with an open transaction"
                self.add(at, text, pid=pid)
        for second in range(world.SCALE_OUT_S + 9, world.LENGTH_S, 29):
            for _ in range(4):
                at = second + self.rng.random()
                self.add(at, 'FATAL:  too many connections for role "payment_api"')

    def wait_for_lock(self, at: float) -> None:
        """Log one wait for a row that an idle session holds: three lines of one backend."""
        pid, holder = self.draw_pid(), self.draw_pid()
        row = self.rng.randint(7_100_000, 7_900_000)
        wait = f"1000.{self.rng.randint(10, 99)} ms"
        text = f"still waiting for ShareLock on transaction {row} after {wait}"
        self.add(at, f"LOG:  process {pid} {text}", pid=pid)
        text = f"Process holding the lock: {holder}. Wait queue: {pid}."
        self.add(at, f"DETAIL:  {text}", pid=pid)
        self.add(at, f"STATEMENT:  {SETTLE}", pid=pid)

    def write(self, path: Path) -> None:
        """Write the log."""
        self.maintain()
        self.routine()
        self.block()
        rows = sorted(self.lines, key=lambda row: row[0])
        path.write_text("\n".join(text for _, text in rows) + "\n", encoding="utf-8")
