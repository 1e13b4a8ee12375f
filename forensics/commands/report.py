"""``forensics report``: a folder of evidence becomes a postmortem."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HELP = """Make the postmortem of a folder of evidence.

The run folder OUT gets postmortem.html (one offline file), .md and .pdf, findings.json,
the charts, the executed notebooks and the custody record. A previous report in OUT is
replaced only when the new one is whole, and kept where evidence, code and settings are
the same and nobody edited it.

Exit codes: 0 made; 1 made, and a --fail-on condition holds or a notebook failed; 2 wrong
usage; 3 evidence unusable; 5 time limit reached.

Examples:

  forensics report evidence/ --out reports/checkout-outage

  forensics report evidence/ --out nightly --quiet --fail-on leak --time-limit 600

  forensics report evidence/ --out r --json | jq .verdict

  forensics report s3://bucket/evidence --out s3://bucket/reports/today --log-format json
"""


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("report", help=HELP)(report)


def report(
    evidence: Annotated[
        str, typer.Argument(help="Folder of evidence, or one file; s3://, gs://, az:// too.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="Run folder to make, or s3://... .")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(help="leak | contradicted | confidence<low|medium|high|0..1; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="findings.json on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    notebooks: Annotated[bool, typer.Option(help="Run the notebooks too.")] = True,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Do NOT redact secrets; the report is marked.")
    ] = False,
    template: Annotated[
        Path | None, typer.Option(help="Folder with templates that replace the built-in ones.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(help="Folder for derived files (default: the user's cache).")
    ] = None,
    time_limit: Annotated[float | None, typer.Option(help="Seconds the run may take.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Make it again, though nothing changed.")
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(help="Command that signs custody.json: 'gpg --batch --armor --detach-sign'."),
    ] = None,
    log_format: Annotated[
        str, typer.Option(help="Progress on stderr: auto (bar or lines), text, json.")
    ] = "auto",
) -> None:
    """Parse, make the report, print what became of it."""
    from forensics.commands._output import print_json, print_text
    from forensics.run._show import shown
    from forensics.run.remote import local_evidence, local_report
    from forensics.run.report import ReportRequest, make_report

    with (
        shown(quiet=quiet, log_format=log_format),
        local_evidence(evidence) as evidence_path,
        local_report(out) as out_path,
    ):
        outcome = make_report(
            ReportRequest(
                evidence=evidence_path,
                out=out_path,
                cache=cache,
                fail_on=tuple(fail_on or ()),
                run_notebooks=notebooks,
                reveal=reveal,
                template=template,
                time_limit_s=time_limit,
                sign=sign,
                fresh=fresh,
            )
        )
    if as_json:
        print_json(outcome.findings, reveal=reveal)
    else:
        print_text(outcome.findings.verdict.summary, reveal=reveal)
        kept = " (kept: nothing changed since it was made)" if outcome.is_kept else ""
        print_text(f"{out.rstrip('/')}/postmortem.html{kept}")
        for run in outcome.notebooks:
            if run.status != "ok":
                print_text(f"notebook {run.name}: {run.status}: {run.why}")
        for condition in outcome.holding:
            print_text(f"condition holds: {condition}")
    raise typer.Exit(outcome.exit_code)
