"""An Airflow DAG: the report each night, and one notebook with parameters of its own.

papermill calls a timed-out cell and a kernel that died "completed", and a cell that leaves by
``sys.exit(0)`` a success; so the executed copy is checked by a task of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from airflow.providers.papermill.operators.papermill import PapermillOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

HOME = Path("/opt/forensics")
EVIDENCE = Path("/srv/evidence/checkout")
REPORTS = Path("/srv/reports")
COPY = REPORTS / "notebooks" / "03_memory_growth.ipynb"


@dag(
    schedule="17 2 * * *",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001  # Airflow takes it as UTC
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["forensics"],
)
def forensics_report() -> None:
    """Make the report and run one notebook beside it."""
    # Exit code 1: the report is made and a condition holds. The task is skipped, what hangs on
    # it isn't run; 2, 3 and 5 fail it.
    BashOperator(
        task_id="report",
        bash_command=f"{HOME}/docs/schedule/nightly.sh {EVIDENCE} {REPORTS} ",
        skip_on_exit_code=1,
        execution_timeout=timedelta(hours=1),
        append_env=True,
        env={"PATH": f"{HOME}/.venv/bin:/usr/bin:/bin"},
    )
    growth = PapermillOperator(
        task_id="growth",
        input_nb=str(HOME / "notebooks" / COPY.name),
        output_nb=str(COPY),
        parameters={"evidence": str(EVIDENCE), "rows": 40},
    )

    @task
    def check(path: str) -> None:
        from forensics.run.notebooks import check_copy  # not while DAGs are read

        ended = check_copy(Path(path))
        if ended.status != "ok":
            raise RuntimeError(f"{ended.name}: {ended.status}: {ended.why}")

    growth >> check(str(COPY))


forensics_report()
