"""Small Java programs, each with one leak or look-alike, dumped and judged from outside."""

from __future__ import annotations

import pytest

import forensics
from forensics.heap import find_suspects
from tests.java_programs import compile_programs, dump_program

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return compile_programs(tmp_path_factory.mktemp("leaks"))


@pytest.fixture
def suspects(classes, tmp_path):
    def found(program):
        dump = dump_program(classes, program, tmp_path / "leak.hprof")
        return find_suspects(forensics.open_heap(dump, cache=False)).to_dicts()

    return found


@pytest.mark.parametrize(
    ("program", "kind", "piles_up", "piled", "owner", "holder"),
    [
        pytest.param(
            "orders.OrderCache", "single", "orders.OrderCache$Order", 20_000,
            "orders.OrderCache.ORDERS", "java.util.HashMap.table", id="static map",
        ),
        pytest.param(
            "web.AuditFilter", "group", "web.AuditFilter$AuditEvent", 200_000,
            "web.AuditFilter$RequestContext.events", "java.lang.Thread.threadLocals",
            id="thread locals over forty threads",
        ),
        pytest.param(
            "mail.MailSender", "single", "mail.MailSender$Mail", 15_000, None,
            "java.util.concurrent.LinkedBlockingQueue.head", id="executor queue",
        ),
        pytest.param(
            "cap.ReportScheduler", "single", "cap.ReportScheduler$Report", 1500, None,
            "java.util.concurrent.ScheduledThreadPoolExecutor$DelayedWorkQueue.queue",
            id="captured by scheduled tasks",
        ),
        pytest.param(
            "plugins.Redeploy", "single", "plugins.Plugin", 20, None,
            "java.lang.Thread.threadLocals", id="class loaders",
        ),
        pytest.param(
            "geo.WorldMap", "single", "geo.WorldMap$Point", 245_760, "geo.WorldMap.countries",
            "com.acme.geo.WorldMap.map", id="one holder several levels up",
        ),
        pytest.param(
            "jpa.PersistenceContext", "single", "jpa.PersistenceContext$Item", 24_000,
            "jpa.PersistenceContext$SessionImpl.context", "com.acme.jpa.PersistenceContext.session",
            id="entities that refer to each other",
        ),
        pytest.param(
            "local.Importer", "single", "local.Importer$Row", 50_000, None,
            "java.lang.Thread.<local variable of com.acme.local.Importer.load>",
            id="local variable",
        ),
        pytest.param(
            "ident.Tracker", "single", "ident.Tracker$Request", 30_000, "ident.Tracker.running",
            "java.util.IdentityHashMap.table", id="map by identity",
        ),
        pytest.param(
            "pending.Gateway", "single", "pending.Gateway$Reply", 40_000, "pending.Gateway.pending",
            "java.util.concurrent.ConcurrentHashMap.table", id="futures never completed",
        ),
        pytest.param(
            "views.Views", "single", "views.Views$View", 30_000, "views.Views.BY_MODEL",
            "java.util.WeakHashMap.table", id="weak map whose values refer to their keys",
        ),
        pytest.param(
            "thr.Poller", "group", "thr.Poller", 1200, None, None, id="thread leak",
        ),
    ],
)  # fmt: skip
def test_a_leak_is_named_with_what_piles_up_and_who_holds_it(  # noqa: PLR0917  # parametrised
    suspects, program, kind, piles_up, piled, owner, holder
):
    (found,) = suspects(f"com.acme.{program}")
    assert (found["kind"], found["piles_up"]) == (kind, f"com.acme.{piles_up}")
    assert found["piled"] == pytest.approx(piled, rel=0.001)
    assert found["owner"] == (owner and f"com.acme.{owner}")
    assert found["share"] > 0.9
    assert holder is None or holder in found["held_by"]


def test_what_two_owners_share_is_told_with_both_of_them(suspects):
    rows = suspects("com.acme.shared.Accounts")
    assert {row["piles_up"] for row in rows} == {"com.acme.shared.Accounts$Account"}
    assert {row["piled"] for row in rows} == {30_000}
    assert {row["owner"] for row in rows} == {
        "com.acme.shared.Accounts$ById.BY_ID",
        "com.acme.shared.Accounts$ByName.BY_NAME",
    }


def test_shared_arrays_are_not_named_after_their_few_holders(suspects):
    (found,) = suspects("com.acme.shared.Chunks")
    assert (found["kind"], found["piles_up"], found["piled"]) == ("group", "byte[]", 8000)
    assert found["owner"].startswith("com.acme.shared.Chunks$")


def test_lists_of_any_length_are_one_suspect_each(suspects):
    first, second = suspects("com.acme.list.EventLog")
    assert {first["owner"], second["owner"]} == {
        "com.acme.list.EventLog.head",
        "com.acme.list.EventLog.second",
    }
    assert {first["piled"], second["piled"]} == {300_000}


def test_two_leaks_under_one_object_are_told_apart(suspects):
    found = {row["owner"]: row for row in suspects("com.acme.two.Twins")}
    assert found["com.acme.two.Twins.metrics"]["piles_up"] == "com.acme.two.Twins$Metric"
    assert found["com.acme.two.Twins.finished"]["piles_up"] == "com.acme.two.Twins$Job"


def test_a_full_cache_says_that_it_is_at_its_limit(suspects):
    (found,) = suspects("com.acme.cache.ProductCache")
    assert found["limit"] == "com.acme.cache.ProductCache.maxEntries = 20000"


def test_a_healthy_program_has_no_suspect(suspects):
    assert suspects("com.acme.ok.Healthy") == []


def test_a_finalizer_backlog_is_seen_though_nothing_else_holds_it(suspects):
    (found,) = suspects("com.acme.fin.NativeHandle")
    assert (found["kind"], found["piles_up"]) == ("finalizers", "com.acme.fin.NativeHandle")
    assert "com.acme.fin.NativeHandle.finalize" in found["stack"]


def test_native_memory_of_buffers_is_a_suspect_with_its_owner(suspects):
    (found,) = suspects("com.acme.io.FrameStore")
    assert (found["kind"], found["retained_bytes"]) == ("native", 64 << 20)
    assert found["owner"] == "com.acme.io.FrameStore.frames"
