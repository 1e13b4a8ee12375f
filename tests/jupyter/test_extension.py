"""``%load_ext forensics`` in a real IPython shell: magics, displays, completion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from IPython.core.error import UsageError as ShellUsageError
from IPython.core.interactiveshell import InteractiveShell

from forensics import open_case
from forensics.analysis import gc_activity
from forensics.errors import ForensicsError
from forensics.jupyter._completion import complete
from forensics.jupyter._reprs import draw_case, list_metrics
from tests.charts.small_case import give
from tests.jupyter.small_heap import write_heap

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    rows = [
        f"{(START + timedelta(seconds=30 * i)).isoformat()},cart-1,{300 + i}" for i in range(50)
    ]
    (folder / "rss.csv").write_text("timestamp,pod,rss_mb\n" + "\n".join(rows) + "\n")
    (folder / "heap").mkdir()
    write_heap(folder / "heap" / "small.hprof")
    return folder


@pytest.fixture
def shell(evidence, tmp_path, monkeypatch):
    monkeypatch.setenv("FORENSICS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shell = InteractiveShell()
    shell.display_formatter.active_types = ["text/plain", "text/html"]
    shell.extension_manager.load_extension("forensics")
    shell.run_line_magic("case", str(evidence))
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


def html_of(shell, value):
    return shell.display_formatter.format(value)[0].get("text/html", "")


def test_sql_asks_the_tables_of_the_case(shell) -> None:
    answer = shell.run_cell_magic(
        "sql", "", "SELECT entity, count(*) AS n FROM metrics GROUP BY entity;"
    )
    assert answer.rows() == [("cart-1", 50)]


def test_sql_asks_frames_of_the_notebook_and_keeps_the_answer(shell) -> None:
    shell.user_ns["mine"] = pl.DataFrame({"a": [1, 2, 3]})
    assert shell.run_cell_magic("sql", "kept", "SELECT sum(a) AS s FROM mine") is None
    assert shell.user_ns["kept"].rows() == [(6,)]


def test_a_table_that_no_file_gave_is_empty_with_its_columns(shell) -> None:
    answer = shell.run_line_magic("sql", "SELECT time, what FROM changes")
    assert answer.columns == ["time", "what"]
    assert answer.is_empty()


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("SELECT nope FROM metrics", "columns of metrics: time, metric"),
        ("SELECT * FROM nowhere", "tables: "),
        ("SELEC", "parser"),
    ],
)
def test_a_query_at_fault_is_answered_with_what_there_is(shell, query, hint) -> None:
    with pytest.raises(ForensicsError, match=hint):
        shell.run_line_magic("sql", query)


def test_an_empty_query_lists_the_tables(shell) -> None:
    with pytest.raises(ShellUsageError, match="metrics"):
        shell.run_cell_magic("sql", "", "\n")


def test_heap_opens_a_dump_of_the_case_by_name_and_a_file_by_path(shell, evidence) -> None:
    by_name = shell.run_line_magic("heap", "small.hprof")
    by_path = shell.run_line_magic("heap", str(evidence / "heap" / "small.hprof"))
    assert len(by_name.graph) == len(by_path.graph) > 100


def test_heap_without_a_file_lists_the_dumps(shell) -> None:
    with pytest.raises(ShellUsageError, match=r"heap/small\.hprof"):
        shell.run_line_magic("heap", "")


def test_frames_cases_heaps_and_results_have_a_rich_display(shell) -> None:
    case = shell.user_ns["case"]
    assert "1 KiB" in html_of(shell, pl.DataFrame({"used_bytes": [1024]}))
    assert "<svg" in html_of(shell, case)
    assert "explore(heap)" in html_of(shell, case.heaps[0].open())
    assert "confidence" in html_of(shell, give("findings"))
    assert "throughput" in html_of(shell, gc_activity.Result())


def test_unloading_gives_frames_their_own_display_back(shell) -> None:
    shell.extension_manager.unload_extension("forensics")
    assert "1 KiB" not in html_of(shell, pl.DataFrame({"used_bytes": [1024]}))


def test_completion_knows_classes_metrics_and_dumps(shell) -> None:
    shell.user_ns["heap"] = shell.run_line_magic("heap", "small.hprof")
    names = shell.user_ns
    metric = shell.user_ns["case"].metrics["metric"][0]
    assert "app.Node" in complete('heap.graph.find_class("app.', "", names)[1]
    assert metric in complete(f'frame.filter(metric="{metric[:3]}', "", names)[1]
    assert "small.hprof" in complete("x = %heap sm", "", names)[1]
    assert "app.Node" in complete("find('nod", "", names)[1]


def test_completion_in_sql_knows_tables_and_their_columns(shell) -> None:
    names = shell.user_ns
    assert "metrics" in complete("SELECT * FROM met", "%%sql\nSELECT * FROM met", names)[1]
    start, found = complete("SELECT ent", "%%sql\nSELECT ent FROM metrics", names)
    assert (start, found) == (7, ["entity"])


def test_completion_is_silent_elsewhere_and_after_a_closed_quote(shell) -> None:
    assert complete("x = 'app.Node' + na", "x", shell.user_ns)[1] == []
    assert complete("import po", "import po", shell.user_ns)[1] == []


def test_the_shell_asks_our_completer(shell) -> None:
    shell.user_ns["heap"] = shell.run_line_magic("heap", "small.hprof")
    text = 'heap.graph.find_class("app.No'
    from IPython.core.completer import provisionalcompleter  # noqa: PLC0415  # noisy on import

    with provisionalcompleter():
        found = [c.text for c in shell.Completer.completions(text, len(text))]
    assert "app.Node" in found


def test_metrics_are_summed_up_one_row_a_metric(evidence, tmp_path) -> None:
    case = open_case(evidence, cache=tmp_path)
    (row,) = list_metrics(case.metrics).to_dicts()
    assert (row["series"], row["unit"]) == (1, "bytes")
    assert row["value"] == pytest.approx(349 * 2**20, rel=0.06)
    assert row["course"] == sorted(row["course"])
    assert "rss" in draw_case(case)
