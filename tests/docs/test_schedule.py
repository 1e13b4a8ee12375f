"""The examples of docs/schedule are sound: exit codes are handled, units verify, files parse."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "docs" / "schedule"
SCRIPT = FOLDER / "nightly.sh"


@pytest.fixture
def run_nightly(tmp_path):
    """Run the script with a stand-in for ``forensics`` that ends with a given code."""

    def run(code: int) -> tuple[int, str, str]:
        stand_in = tmp_path / "forensics"
        stand_in.write_text(
            f'#!/bin/sh\necho "$*" >>{tmp_path}/asked\n[ "$1" = index ] || exit {code}\n'
        )
        stand_in.chmod(0o755)
        done = subprocess.run(
            ["/bin/sh", str(SCRIPT), "/srv/evidence/checkout", "/srv/reports"],
            env={"PATH": f"{tmp_path}{os.pathsep}/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr, (tmp_path / "asked").read_text()

    return run


@pytest.mark.parametrize(
    ("code", "said", "is_indexed"),
    [
        (0, "report made", True),
        (1, "a condition holds", True),
        (2, "wrong usage", False),
        (3, "evidence can't be used", False),
        (5, "time limit", False),
        (137, "signal or out of memory", False),
    ],
)
def test_every_exit_code_is_told_apart_and_passed_on(run_nightly, code, said, is_indexed) -> None:
    ended, stderr, asked = run_nightly(code)
    assert ended == code
    assert said in stderr
    assert "report /srv/evidence/checkout --out /srv/reports/checkout" in asked
    assert ("index /srv/reports" in asked) == is_indexed


def test_the_options_in_the_script_are_those_of_the_command() -> None:
    from forensics.commands import report  # noqa: PLC0415  # the verb under test

    source = Path(report.__file__).read_text(encoding="utf-8")
    for option in set(re.findall(r"--[a-z-]+", SCRIPT.read_text(encoding="utf-8"))):
        assert option in source or f"{option[2:].replace('-', '_')}:" in source, option


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_units_are_accepted_by_systemd(tmp_path) -> None:
    """The program is put where it exists here; else systemd would miss it, rightly."""
    for unit in FOLDER.glob("forensics-*.*"):
        text = unit.read_text(encoding="utf-8").replace("/opt/forensics/docs/schedule", str(FOLDER))
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "forensics-" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_crontab_has_five_fields_and_a_command() -> None:
    lines = (FOLDER / "forensics.crontab").read_text(encoding="utf-8").splitlines()
    (job,) = [line for line in lines if line[:1].isdigit() or line.startswith("*")]
    *fields, command = job.split(maxsplit=5)
    assert all(re.fullmatch(r"(\*|\d+)(/\d+)?", field) for field in fields)
    assert "nightly.sh /srv/evidence/checkout /srv/reports" in command
    assert "%" not in command  # cron would take it for a line break


def test_the_cron_job_tries_again_only_where_that_may_help() -> None:
    job = yaml.safe_load((FOLDER / "kubernetes-cronjob.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]["jobTemplate"]["spec"]
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["onExitCodes"]["values"] == [1, 2, 3]
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # what podFailurePolicy asks for
    (container,) = pod["containers"]
    assert container["name"] == rule["onExitCodes"]["containerName"]
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}


def test_the_workflow_is_sound_yaml_and_its_scripts_are_sound_shell(tmp_path) -> None:
    flow = yaml.safe_load((FOLDER / "github-actions.yml").read_text(encoding="utf-8"))
    steps = flow["jobs"]["report"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) == 2
    for script in scripts:
        (tmp_path / "step.sh").write_text(script)
        subprocess.run(["bash", "-n", str(tmp_path / "step.sh")], check=True)
        assert "${{" not in script  # what a pull request names must not become shell


def test_the_dag_is_python_and_checks_what_papermill_does_not() -> None:
    source = (FOLDER / "airflow_dag.py").read_text(encoding="utf-8")
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert {"PapermillOperator", "BashOperator", "check_copy"} <= names
    assert "skip_on_exit_code=1" in source
