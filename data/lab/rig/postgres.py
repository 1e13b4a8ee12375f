"""A PostgreSQL server of the rig's own, with the payments table."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from rig.processes import LOOPBACK, POSTGRES_BIN, Processes, RigError, pick_port, wait_until

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "80",
    "shared_buffers": "64MB",
    "fsync": "off",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_statement": "ddl",
    "log_min_duration_statement": "150ms",
    "autovacuum": "off",
}
TABLE = """
CREATE ROLE payment_api LOGIN; CREATE ROLE dba LOGIN SUPERUSER;
CREATE TABLE payments (id text PRIMARY KEY, merchant_id int NOT NULL, amount_cents bigint NOT NULL,
  state text NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
INSERT INTO payments(id, merchant_id, amount_cents, state)
  SELECT 'old_' || n, n % 200, 1000 + n % 9000, 'SETTLED' FROM generate_series(1, 120000) n;
CREATE INDEX payments_merchant_idx ON payments(merchant_id);
GRANT ALL ON payments TO payment_api; ANALYZE payments;
"""


def as_database_user(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root: use Debian's own user for it then."""
    if os.geteuid() != 0:
        return command
    user = pwd.getpwnam("postgres")
    head = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*head, *command]


class Postgres:
    """Starts the server in ``folder``; its log is ``folder/postgresql.log``."""

    def __init__(self, processes: Processes, folder: Path) -> None:
        self.processes = processes
        self.folder = folder
        self.port = pick_port()
        self.log = folder / "postgresql.log"

    @property
    def jdbc_url(self) -> str:
        """The address for the service."""
        return f"jdbc:postgresql://{LOOPBACK}:{self.port}/payments"

    def start(self) -> None:
        """Make the cluster, start it, and create the table."""
        self.folder.mkdir(parents=True)
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            for path in (self.folder, data):
                shutil.chown(path, "postgres", "postgres")
        make = [
            str(POSTGRES_BIN / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "postgres",
            "-N",
        ]
        done = subprocess.run(
            as_database_user([*make, "-E", "UTF8", "--locale=C"]), capture_output=True, check=False
        )
        if done.returncode:
            raise RigError(f"initdb failed: {done.stderr.decode(errors='replace')}")
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        options += [f"-cport={self.port}", f"-cunix_socket_directories={self.folder}"]
        self.processes.start(
            as_database_user([str(POSTGRES_BIN / "postgres"), "-D", str(data), *options]), self.log
        )
        ready = [str(POSTGRES_BIN / "pg_isready"), "-h", LOOPBACK, "-p", str(self.port)]
        wait_until(
            lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0,
            "PostgreSQL",
        )
        self.query("CREATE DATABASE payments", database="postgres", user="postgres")
        self.query(TABLE, user="postgres")

    def query(self, text: str, *, database: str = "payments", user: str = "dba") -> str:
        """Run SQL and return psql's unaligned output."""
        command = [str(POSTGRES_BIN / "psql"), "-h", LOOPBACK, "-p", str(self.port), "-U", user]
        command += ["-d", database, "-v", "ON_ERROR_STOP=1", "-qAtX", "-c", text]
        done = subprocess.run(command, capture_output=True, check=False, timeout=120)
        if done.returncode:
            raise RigError(f"psql failed: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode()

    def count_sessions(self) -> dict[str, int]:
        """Return the sessions of the payments database by state."""
        rows = self.query(
            "SELECT coalesce(state,'none'), count(*) FROM pg_stat_activity "
            "WHERE usename = 'payment_api' GROUP BY 1"
        )
        pairs = (row.split("|") for row in rows.splitlines())
        return {state: int(count) for state, count in pairs}
