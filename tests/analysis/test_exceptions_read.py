"""Traces as programs of several languages log them, through the readers to their groups."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from forensics.analysis.exceptions import run
from forensics.evidence import open_case

PYTHON = """2026-03-04 09:3{n}:57,409 ERROR bookings.views: Booking {n} failed
Traceback (most recent call last):
  File "/srv/app/bookings/store.py", line 88, in reserve
    conn = pool.get(timeout=5)
  File "/usr/lib/python3.11/queue.py", line 179, in get
    raise Empty
_queue.Empty

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/bookings/views.py", line 41, in post
    seat = reserve(request)
bookings.errors.SeatUnavailable: no connection after {n} s
DETAIL: five tries
2026-03-04 09:3{n}:58,000 INFO bookings.views: Booking {n} tried again
"""
NODE = """[2026-03-04T09:3{n}:57.409Z] ERROR request failed
TypeError: Cannot read properties of undefined (reading 'items')
    at total (/app/src/cart.js:14:22)
    at Layer.handle [as handle_request] (/app/node_modules/express/lib/router/layer.js:95:5)
  [cause]: Error: ECONNREFUSED 10.0.0.{n}:6379
      at connect (/app/src/redis.js:9:11)
[2026-03-04T09:3{n}:58.409Z] INFO GET /cart 200 {n}ms
"""
DOTNET = """2026-03-04 09:3{n}:57.409 +00:00 [ERR] Order {n} failed
System.InvalidOperationException: Timeout expired.
 ---> System.TimeoutException: The operation has timed out.
   at Orders.Data.Pool.Rent(TimeSpan wait) in /src/Orders/Data/Pool.cs:line 6{n}
   --- End of inner exception stack trace ---
   at Orders.Api.OrderController.Post(OrderDto dto) in /src/Orders/Api/Controller.cs:line 3{n}
2026-03-04 09:3{n}:58.409 +00:00 [INF] Order {n} accepted
"""
ONE_LINE_DOTNET = """2026-03-04 09:3{n}:57.409 +00:00 [ERR] Order {n} failed
System.InvalidOperationException: Timeout of {n} s. ---> System.TimeoutException: It timed out.
   at Orders.Data.Pool.Rent(TimeSpan wait) in /src/Orders/Data/Pool.cs:line 6{n}
   --- End of inner exception stack trace ---
   at Orders.Api.OrderController.Post(OrderDto dto) in /src/Orders/Api/Controller.cs:line 3{n}
2026-03-04 09:3{n}:58.409 +00:00 [INF] Order {n} accepted
"""
GO = (
    '{{"level":"error","ts":177256{n}657.409,"caller":"worker/run.go:71","msg":"job failed",'
    '"error":"context deadline exceeded","stacktrace":'
    '"main.(*Worker).run\\n\\t/src/worker/run.go:7{n}\\nmain.main\\n\\t/src/main.go:20"}}\n'
    '{{"level":"info","ts":177256{n}658.409,"caller":"worker/run.go:55","msg":"job done"}}\n'
)


@pytest.mark.parametrize(
    ("text", "chain", "frame"),
    [
        pytest.param(
            PYTHON,
            ["bookings.errors.SeatUnavailable", "_queue.Empty"],
            "/srv/app/bookings/store.py:reserve",
            id="python",
        ),
        pytest.param(NODE, ["TypeError", "Error"], "/app/src/redis.js:connect", id="javascript"),
        *(
            pytest.param(
                text,
                ["System.InvalidOperationException", "System.TimeoutException"],
                "Orders.Data.Pool.Rent",
                id=name,
            )
            for name, text in (("dotnet", DOTNET), ("dotnet-one-line", ONE_LINE_DOTNET))
        ),
        pytest.param(GO, ["error"], "main.(*Worker).run", id="go"),
    ],
)
def test_a_logged_trace_is_one_event_and_names_its_root_cause(
    tmp_path: Path, text: str, chain: list[str], frame: str
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "app.log").write_text("".join(text.format(n=n) for n in range(1, 6)))
    case = open_case(evidence, cache=False)
    assert case.logs.select(pl.len(), pl.col("time").null_count()).collect().row(0) == (10, 0)
    groups = run(logs=case.logs, events=case.events).groups
    assert groups.select("chain", "frame", "count").rows() == [(chain, frame, 5)]
