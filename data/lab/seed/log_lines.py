"""Render service logs as logstash-style JSON lines, sampled as a log pipeline samples.

Errors and captures are kept at a fixed share, so counts are proportional, not complete; the
folder's README says so. Some lines carry test card numbers, a token and a password, as
careless log lines do: a report must not show them.
"""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import world
from model import Outcome, Pod, Sample

# Published test numbers of the card brands; no account stands behind them.
TEST_CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "4012888888881881")
GATEWAYS = ("stripe", "paypal", "bank-transfer")
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwYXltZW50LWFwaSJ9.c2VlZC1pbmNpZGVudC1jYW5hcnk"  # noqa: S105 - a canary too
PASSWORD = "hunter2-canary-9f31"  # noqa: S105 - a canary that redaction has to catch

POOL_TIMEOUT_STACK = """\
java.sql.SQLTransientConnectionException: payment-primary - Connection is not available, \
request timed out after {wait}ms.
\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)
\tat com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:128)
\tat shop.payments.store.PaymentStore.insert(PaymentStore.java:88)
\tat shop.payments.PaymentService.capture(PaymentService.java:141)
\tat shop.payments.http.PaymentHandler.post(PaymentHandler.java:62)
\tat java.base/java.lang.Thread.run(Thread.java:840)"""
LEAK_STACK = """java.lang.Exception: Apparent connection leak detected
\tat com.zaxxer.hikari.HikariDataSource.getConnection(HikariDataSource.java:128)
\tat shop.payments.fraud.FraudCheck.openVelocityLookup(FraudCheck.java:117)
\tat shop.payments.fraud.FraudCheck.score(FraudCheck.java:74)
\tat shop.payments.PaymentService.capture(PaymentService.java:129)
\tat java.base/java.lang.Thread.run(Thread.java:840)"""
FRAUD_STACK = """java.util.concurrent.TimeoutException: fraud score not available after 250 ms
\tat java.base/java.util.concurrent.CompletableFuture.timedGet(CompletableFuture.java:1960)
\tat shop.payments.fraud.FraudCheck.score(FraudCheck.java:81)
\tat shop.payments.PaymentService.capture(PaymentService.java:129)
\tat java.base/java.lang.Thread.run(Thread.java:840)"""

Line = tuple[float, str]


class PodLog:
    """Makes the log lines of one pod, interval by interval."""

    def __init__(self, pod: Pod, seed: int) -> None:
        self.pod = pod
        self.rng = random.Random(f"{seed}-{pod.name}")
        self.lines: list[Line] = []

    def add(self, second: float, level: str, logger: str, message: str, **more: str) -> None:
        """Append one event."""
        row = {
            "@timestamp": world.stamp(second),
            "level": level,
            "logger_name": f"shop.payments.{logger}" if not logger.startswith("com.") else logger,
            "thread_name": f"http-nio-8080-exec-{self.rng.randint(1, 200)}",
            "message": message,
            "service": self.pod.workload,
            "version": self.pod.version,
            "pod": self.pod.name,
            "cluster": self.pod.cluster,
            "traceId": f"{self.rng.getrandbits(128):032x}",
            **more,
        }
        self.lines.append((second, json.dumps(row)))

    def transaction(self) -> str:
        """Draw a transaction id."""
        return f"pay_{self.rng.getrandbits(64):016x}"

    def start(self, second: int) -> None:
        """Log a start-up."""
        pod, main, pool = self.pod, "PaymentApplication", "com.zaxxer.hikari.HikariDataSource"
        self.add(second + 2.1, "INFO", main, f"Starting payment-api {pod.version} on {pod.name}")
        driver = "2.5.0" if pod.is_leaky else "2.1.3"
        text = f"payment-primary - Starting... driver={driver} maximumPoolSize={pod.pool_max}"
        self.add(second + 6.4, "INFO", pool, text)
        if pod.created_s == world.SCALE_OUT_S:
            self.retry_connecting(second)
            return
        self.add(second + 8.9, "INFO", pool, "payment-primary - Start completed.")
        if pod.is_leaky:
            text = "Real-time fraud detection enabled, time-out 250 ms"
            self.add(second + 12.0, "INFO", "fraud.FraudCheck", text)
        text = f"Started payment-api {pod.version} in 26.0 seconds"
        self.add(second + 26.0, "INFO", main, text)

    def retry_connecting(self, second: int) -> None:
        """Log a start-up that never gets a connection."""
        text = (
            "payment-primary - Exception during pool initialization. "
            'FATAL: too many connections for role "payment_api"'
        )
        for retry in range(18):
            at = second + 9.0 + 29 * retry
            self.add(at, "ERROR", "com.zaxxer.hikari.pool.HikariPool", text)

    def payments(self, sample: Sample, count: int) -> None:
        """Log sampled payments that work: request, capture, settled."""
        for _ in range(count):
            at = sample.second + self.rng.random() * world.STEP_S
            pay, amount = self.transaction(), f"{self.rng.uniform(5, 180):.2f}"
            gateway = self.rng.choice(GATEWAYS)
            who = f"cust_{self.rng.randint(10_000, 99_999)}"
            self.add(
                at,
                "INFO",
                "http.PaymentHandler",
                f"payment accepted transaction={pay} customer={who} amount={amount} currency=USD",
                transactionId=pay,
            )
            self.add(
                at + 0.011,
                "INFO",
                "gateway.GatewayClient",
                f"gateway capture succeeded transaction={pay} gateway={gateway} "
                f"reference=ch_{self.rng.getrandbits(48):012x} amount={amount} currency=USD",
                transactionId=pay,
            )
            self.add(
                at + 0.019,
                "INFO",
                "PaymentService",
                f"payment final transaction={pay} state=SETTLED",
                transactionId=pay,
            )

    def failures(self, sample: Sample, count: int) -> None:
        """Log sampled payments that wait for a connection in vain; some were captured."""
        for _ in range(count):
            at = sample.second + self.rng.random() * world.STEP_S
            pay = self.transaction()
            wait_ms = 30_000 + self.rng.randint(0, 9)
            if self.rng.random() < 0.22:
                self.capture_unfinished(at - 30.1, pay)
            self.add(
                at,
                "ERROR",
                "PaymentService",
                f"payment failed transaction={pay} reason=no connection "
                f"waited_ms={wait_ms} pending={round(sample.pending)}",
                transactionId=pay,
                stack_trace=POOL_TIMEOUT_STACK.format(wait=wait_ms),
            )

    def capture_unfinished(self, at: float, pay: str) -> None:
        """Log a capture whose final state is never stored; now and then it is captured twice."""
        amount, gateway = f"{self.rng.uniform(20, 400):.2f}", self.rng.choice(GATEWAYS)
        for again in range(2 if self.rng.random() < 0.05 else 1):
            self.add(
                at + 9 * again,
                "INFO",
                "gateway.GatewayClient",
                f"gateway capture succeeded transaction={pay} gateway={gateway} "
                f"reference=ch_{self.rng.getrandbits(48):012x} amount={amount} currency=USD",
                transactionId=pay,
            )

    def fraud(self, sample: Sample, timeouts: int, leaks: int) -> None:
        """Log fraud time-outs (sampled) and Hikari's own leak reports."""
        for _ in range(timeouts):
            at, pay = sample.second + self.rng.random() * world.STEP_S, self.transaction()
            self.add(
                at,
                "WARN",
                "fraud.FraudCheck",
                f"fraud check timed out after 250 ms transaction={pay}, continuing without score",
                transactionId=pay,
                stack_trace=FRAUD_STACK,
            )
        for _ in range(leaks):
            at = sample.second + self.rng.random() * world.STEP_S
            self.add(
                at,
                "WARN",
                "com.zaxxer.hikari.pool.ProxyLeakTask",
                "Connection leak detection triggered for "
                f"org.postgresql.jdbc.PgConnection@{self.rng.getrandbits(31):x} "
                f"on thread http-nio-8080-exec-{self.rng.randint(1, 200)}, stack trace follows",
                stack_trace=LEAK_STACK,
            )

    def canaries(self, sample: Sample) -> None:
        """Log what never belongs into a log."""
        at, card = sample.second + 3.3, self.rng.choice(TEST_CARDS)
        kinds = (
            f"card rejected by issuer pan={card} exp=12/29 customer=jane.roe@example.org",
            f"retrying gateway call Authorization: Bearer {TOKEN}",
            f"reconnect url=jdbc:postgresql://payments-primary:5432/payments?user=payment_api&password={PASSWORD}",
        )
        self.add(at, "DEBUG", "gateway.GatewayClient", self.rng.choice(kinds))

    def render(self) -> list[Line]:
        """Make the whole log of the pod."""
        for second in self.pod.starts:
            if second >= 0:
                self.start(second)
        before = None
        for sample in self.pod.samples:
            if sample.up and before is not None:
                self.interval(sample, before)
            before = sample if sample.up else None
        for kill in self.pod.oom_kills:
            # A killed process logs nothing; what it had not written yet is lost with it.
            self.lines = [x for x in self.lines if not kill <= x[0] < kill + 2.0]
        return sorted(self.lines)

    def interval(self, sample: Sample, before: Sample) -> None:
        """Make the lines of one scrape interval."""
        errors = sample.error_count - before.error_count
        blocked = sample.pending > 500
        captured = 0 if blocked else sample.captured_count - before.captured_count
        self.payments(sample, min(round(captured * 0.035 + self.rng.random() * 0.7), 4))
        self.failures(sample, min(round(errors / 120), 6) if blocked else 0)
        timeouts = sample.fraud_timeouts - before.fraud_timeouts
        leaks = sample.leaked_connections - before.leaked_connections
        self.fraud(
            sample,
            min(round(timeouts / 900 + self.rng.random() * 0.8), 5) if timeouts > 0 else 0,
            max(leaks, 0),
        )
        if self.rng.random() < 0.012:
            self.canaries(sample)
        if sample.second % 300 == 0:
            self.add(
                sample.second + 0.5,
                "INFO",
                "com.zaxxer.hikari.pool.HikariPool",
                f"payment-primary - Pool stats (total={sample.pool_max}, "
                f"active={round(sample.active)}, "
                f"idle={max(sample.pool_max - round(sample.active), 0)}, "
                f"waiting={round(sample.pending)})",
            )


def write_service_logs(outcome: Outcome, folder: Path, seed: int) -> None:
    """Write the service's log by hour (the closed hour packed), the partner's apart."""
    folder.mkdir(parents=True, exist_ok=True)
    main: list[Line] = []
    partner: list[Line] = []
    for pod in outcome.pods:
        lines = PodLog(pod, seed).render()
        (partner if pod.workload != "payment-api" else main).extend(lines)
    first = "\n".join(text for at, text in sorted(main) if at < 3_600) + "\n"
    second = "\n".join(text for at, text in sorted(main) if 3_600 <= at <= world.LENGTH_S) + "\n"
    (folder / "payment-api.2026-02-09T13.jsonl.gz").write_bytes(
        gzip.compress(first.encode(), mtime=0)
    )
    (folder / "payment-api.2026-02-09T14.jsonl").write_text(second, encoding="utf-8")
    text = "\n".join(text for at, text in sorted(partner) if at <= world.LENGTH_S) + "\n"
    (folder / "payment-api-partner.2026-02-09.jsonl").write_text(text, encoding="utf-8")
