"""Run notebooks by papermill and believe none of its success messages unchecked.

papermill reports a timed-out cell and a dead kernel as completed, and ``sys.exit(0)`` in
a cell as success. So every cell is checked here after the run: executed, and without an
error. The executed copy is kept in any case.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Literal

import orjson
import polars as pl

from forensics.errors import EvidenceError, UsageError
from forensics.places import CACHE_VARIABLE
from forensics.progress import track
from forensics.redaction import Redactor, current_redactor, redact, redacting

Status = Literal["ok", "failed", "timeout", "left early"]
Value = str | int | float | bool | None

#: Where a relative ``evidence`` parameter of a notebook starts from, when a run sets it.
ROOT_VARIABLE: Final = "FORENSICS_EVIDENCE_ROOT"
#: A widget's view is of no use without its kernel; the HTML beside it stays.
_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_TEXT_TYPES: Final = ("text/", "image/svg", "application/json", "application/vnd.plotly")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a notebook, as its ``parameters`` cell declares it."""

    name: str
    type: str
    default: str
    help: str


@dataclass(frozen=True, slots=True)
class NotebookRun:
    """How one notebook ended; ``why`` names the cell and the error."""

    name: str
    status: Status
    why: str = ""


def notebooks_folder() -> Path:
    """Return the folder of the project's notebooks: a checkout's, else the installed ones.

    Raises
    ------
    UsageError
        If the package was installed without them.
    """
    installed = Path(sysconfig.get_path("data")) / "share" / "forensics" / "notebooks"
    for folder in (Path(__file__).parents[2] / "notebooks", installed):
        if any(folder.glob("*.ipynb")):
            return folder
    raise UsageError(
        f"the notebooks are not in {installed}; install the package again, or run from a "
        "checkout of the project"
    )


def list_notebooks(folder: Path | None = None) -> list[Path]:
    """Return the notebooks in the order of their names."""
    return sorted((folder or notebooks_folder()).glob("*.ipynb"))


def find_notebook(name: str) -> Path:
    """Return the notebook whose path, file name or number is ``name``.

    Raises
    ------
    UsageError
        If there is none, with the list of those there are.
    """
    if Path(name).is_file():
        return Path(name)
    known = list_notebooks()
    for path in known:
        if name in {path.name, path.stem, path.stem.split("_")[0]}:
            return path
    raise UsageError(
        f"no notebook is called {name!r}; there are: {', '.join(p.stem for p in known)}"
    )


def inspect_parameters(path: Path) -> list[Parameter]:
    """Return the parameters that a notebook's ``parameters`` cell declares."""
    from papermill import inspect_notebook  # noqa: PLC0415  # 0.5 s that --help need not pay

    found = inspect_notebook(str(path))
    return [
        Parameter(
            name,
            str(item["inferred_type_name"] or ""),
            str(item["default"] or ""),
            str(item["help"] or ""),
        )
        for name, item in found.items()
    ]


def check_parameters(path: Path, given: Mapping[str, Value]) -> None:
    """Refuse a parameter that the notebook doesn't declare; papermill would only warn.

    Raises
    ------
    UsageError
        With the parameters that are declared.
    """
    known = [parameter.name for parameter in inspect_parameters(path)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise UsageError(
            f"{path.name} has no parameter {', '.join(unknown)}; it has: {', '.join(known)}"
        )


def describe_notebooks() -> pl.DataFrame:
    """Return one row a parameter of each notebook: ``notebook, parameter, type, default, help``."""
    rows = [
        (path.stem, item.name, item.type, item.default, item.help)
        for path in list_notebooks()
        for item in inspect_parameters(path)
    ]
    columns = ["notebook", "parameter", "type", "default", "help"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def parse_parameters(pairs: Sequence[str]) -> dict[str, Value]:
    """Turn ``NAME=VALUE`` texts into parameters; a value that is a JSON scalar is read as one.

    Raises
    ------
    UsageError
        If a text has no ``=`` or its name is no identifier.
    """
    parsed: dict[str, Value] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"parameter {pair!r}; expected NAME=VALUE")
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            value = text
        parsed[name] = text if isinstance(value, dict | list) else value
    return parsed


def run_notebook(
    path: Path,
    target: Path,
    *,
    parameters: Mapping[str, Value],
    evidence_root: Path | None = None,
    timeout_s: float | None = None,
) -> NotebookRun:
    """Execute one notebook in a kernel of its own and write the executed copy.

    Parameters
    ----------
    path, target
        The notebook, and where its executed copy goes (redacted, free of timings).
    parameters
        Values for its ``parameters`` cell. Only plain values: papermill quotes them, so a
        string can't become code.
    evidence_root
        Folder that a relative ``evidence`` parameter starts from, so that no absolute path
        is stored in the copy.
    timeout_s
        Seconds that one cell may take.
    """
    # An address checker that notebooks have no use for; its grammar takes 3 s to compile.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None: not importable
    import nbformat  # noqa: PLC0415  # 1 s that a report without notebooks need not pay
    import papermill  # noqa: PLC0415  # same

    check_parameters(path, parameters)
    why = ""
    status: Status = "ok"
    # An evidence folder could hold a file called polars.py: kernels must not import it.
    variables = {"PYTHONSAFEPATH": "1"}
    if evidence_root is not None:
        variables[ROOT_VARIABLE] = str(evidence_root)
    with (
        tempfile.TemporaryDirectory(prefix="forensics-notebook-") as scratch,
        _environment(variables),
    ):
        draft = Path(scratch) / path.name
        try:
            papermill.execute_notebook(
                str(path),
                str(draft),
                parameters=dict(parameters),
                cwd=scratch,
                execution_timeout=None if timeout_s is None else max(1, int(timeout_s)),
                progress_bar=False,
                log_output=False,
            )
        except Exception as error:  # noqa: BLE001  # a notebook may raise anything; it is reported
            status, why = _classify(error)
        if not draft.exists():
            return NotebookRun(path.stem, status, why)
        notebook = nbformat.read(draft, as_version=4)  # type: ignore[no-untyped-call]  # untyped library
    if status == "ok":
        status, why = _check_cells(notebook)
    clean_notebook(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)  # type: ignore[no-untyped-call]  # untyped library
    return NotebookRun(path.stem, status, redact(why))


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while: kernels inherit them, the caller's go on unchanged."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def run_notebooks(
    paths: Sequence[Path],
    out: Path,
    *,
    parameters: Mapping[str, Value],
    evidence_root: Path | None = None,
    timeout_s: float | None = None,
    cache: Path | None = None,
) -> list[NotebookRun]:
    """Execute notebooks two at a time; write their copies and ``run.json`` into ``out``.

    Their kernels keep derived files in ``cache`` (by default where everybody does). A notebook
    gets those of ``parameters`` that it declares. Each runs in a process of its
    own: papermill changes the working folder of the process that it is called in.
    """
    jobs = [
        _Job(
            path,
            out / path.name,
            {p.name: parameters[p.name] for p in inspect_parameters(path) if p.name in parameters},
            evidence_root,
            timeout_s,
            current_redactor(),
            cache,
        )
        for path in paths
    ]
    with (
        track("running notebooks", len(paths), unit="notebooks") as task,
        ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool,
    ):
        futures = [pool.submit(_run_job, job) for job in jobs]
        runs = []
        for job, future in zip(jobs, futures, strict=True):
            runs.append(_ended(job, future))
            task.advance()
    out.mkdir(parents=True, exist_ok=True)
    record = [{"notebook": run.name, "status": run.status, "why": run.why} for run in runs]
    (out / "run.json").write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2) + b"\n")
    return runs


def check_copy(path: Path) -> NotebookRun:
    """Say how an executed notebook ended that somebody else's papermill ran.

    Raises
    ------
    EvidenceError
        If it can't be read as a notebook.
    """
    import nbformat  # noqa: PLC0415  # as above

    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # untyped library
    except (OSError, ValueError, nbformat.validator.ValidationError) as error:
        raise EvidenceError(path, f"is no notebook ({type(error).__name__})") from error
    return NotebookRun(path.stem, *_check_cells(notebook))


@dataclass(frozen=True, slots=True)
class _Job:
    path: Path
    target: Path
    parameters: dict[str, Value]
    evidence_root: Path | None
    timeout_s: float | None
    redactor: Redactor
    cache: Path | None


def _run_job(job: _Job) -> NotebookRun:
    if job.cache is not None:
        os.environ[CACHE_VARIABLE] = str(job.cache.resolve())
    with redacting(job.redactor):
        return run_notebook(
            job.path,
            job.target,
            parameters=job.parameters,
            evidence_root=job.evidence_root,
            timeout_s=job.timeout_s,
        )


def _ended(job: _Job, future: Future[NotebookRun]) -> NotebookRun:
    try:
        return future.result()
    except BrokenProcessPool:
        return NotebookRun(job.path.stem, "failed", "the process that ran it was killed")


def _classify(error: Exception) -> tuple[Status, str]:
    kind = type(error).__name__
    if "Timeout" in kind:
        return "timeout", "a cell reached the time limit"
    if "DeadKernel" in kind:
        return "failed", "the kernel died (killed, or out of memory)"
    cell = getattr(error, "exec_count", None)
    name, value = getattr(error, "ename", kind), getattr(error, "evalue", str(error))
    place = "" if cell is None else f"cell {cell}: "
    return "failed", f"{place}{name}: {value}"


def _check_cells(notebook: Any) -> tuple[Status, str]:
    """Say whether every code cell really ran to its end."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                if output.ename == "SystemExit":
                    return "left early", f"cell {number} left the notebook"
                return "failed", f"cell {number}: {output.ename}: {output.evalue}"
        if cell.execution_count is None:
            return "left early", f"cell {number} was never executed"
    return "ok", ""


def clean_notebook(notebook: Any) -> None:
    """Remove what differs between runs (timings, random ids) and what must not leave."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.pop("widgets", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            _redact_output(output)


def _redact_output(output: Any) -> None:
    if output.output_type == "stream":
        output["text"] = redact(output["text"])
    elif output.output_type == "error":
        output["evalue"] = redact(output["evalue"])
        output["traceback"] = [redact(line) for line in output["traceback"]]
    else:
        output.get("data", {}).pop(_WIDGET_VIEW, None)
        for mime, value in output.get("data", {}).items():
            if isinstance(value, str) and mime.startswith(_TEXT_TYPES):
                output["data"][mime] = redact(value)
