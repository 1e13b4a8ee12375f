"""Sessions, locks and settings of a PostgreSQL, through ``psql``.

The password comes from ``PGPASSWORD`` or ``PGPASSFILE`` in the environment, never from the
target. Transactions are read-only and bounded in time.

References
----------
PostgreSQL 15 manual, chapters 28.2 (``pg_stat_activity``), 54.12 (``pg_locks``), 54.24
(``pg_settings``).
"""

from __future__ import annotations

import os
from typing import Final
from urllib.parse import urlsplit

from forensics.collect import Snapshot, Window, split_target
from forensics.collect._program import run_program
from forensics.errors import UsageError

TITLE: Final = "PostgreSQL sessions, locks, settings (postgresql://USER@HOST:PORT/DATABASE)"

_TIME: Final = "to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS time"
_JSON: Final = "SELECT row_to_json(r) FROM ({}) r"
_QUERIES: Final = {
    "database/activity.jsonl": (
        f"SELECT {_TIME}, 'INFO' AS level, datname, usename, application_name, pid, state, "  # noqa: S608  # constants
        "wait_event_type, wait_event, "
        "extract(epoch FROM now() - xact_start) AS transaction_seconds, "
        "coalesce(nullif(query, ''), backend_type) AS message FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() ORDER BY pid"
    ),
    "database/locks.jsonl": (
        f"SELECT {_TIME}, "  # noqa: S608  # same
        "CASE WHEN granted THEN 'INFO' ELSE 'WARN' END AS level, pid, locktype, "
        "mode, granted, relation::regclass::text AS relation, pg_blocking_pids(pid) AS blocked_by, "
        "mode || CASE WHEN granted THEN ' granted on ' ELSE ' awaited on ' END "
        "|| coalesce(relation::regclass::text, locktype) AS message "
        "FROM pg_locks WHERE pid <> pg_backend_pid() ORDER BY pid, locktype, mode"
    ),
    "database/settings.jsonl": (
        f"SELECT {_TIME}, 'INFO' AS level, name, unit, source, "  # noqa: S608  # same
        "name || ' = ' || setting || coalesce(' ' || unit, '') AS message "
        "FROM pg_settings WHERE source <> 'default' OR name LIKE '%connections%' "
        "OR name LIKE '%timeout%' OR name LIKE '%work_mem%' ORDER BY name"
    ),
}
_COUNTS: Final = (
    f"SELECT {_TIME}, 'pg_stat_activity_count' AS metric, "  # noqa: S608  # same
    "coalesce(datname, 'none') AS datname, "
    "coalesce(state, 'background') AS state, count(*) AS value FROM pg_stat_activity "
    "GROUP BY datname, state ORDER BY datname, state"
)


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save the views as they are now; the server keeps no history of them."""
    del window
    address, _ = split_target(target)
    parts = urlsplit(address)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise UsageError("give the target as postgresql://USER@HOST:PORT/DATABASE")
    if parts.password or "password=" in parts.query:
        raise UsageError("the target carries a password; set PGPASSWORD or PGPASSFILE instead")
    for name, query in _QUERIES.items():
        text = _JSON.format(query)
        out.save(name, lambda text=text: _ask(address, text, out, "-At"))  # type: ignore[misc]  # bound in the loop
    out.save("database/sessions.csv", lambda: _ask(address, _COUNTS, out, "--csv"))


def _ask(address: str, query: str, out: Snapshot, form: str) -> bytes:
    timeout_s = out.access.timeout_s
    environment = {
        **os.environ,
        "PGCONNECT_TIMEOUT": f"{max(2, timeout_s):.0f}",
        "PGOPTIONS": f"-c statement_timeout={timeout_s * 1000:.0f} "
        "-c default_transaction_read_only=on",
        "PGAPPNAME": "forensics collect",
    }
    command = ["psql", "-X", "-w", "-q", form, "-d", address, "-c", query]
    return run_program(command, timeout_s=timeout_s + 5, environment=environment)
