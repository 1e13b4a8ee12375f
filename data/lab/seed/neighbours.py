"""Write the metrics of what stands around the service: database, balancer, other services, shop."""

from __future__ import annotations

import random
from collections.abc import Callable

import world
from metrics import Bodies, Labels
from model import Outcome, Sample

Curve = Callable[[int], float]
SPREAD_S = 75.0  # how long the failure takes to reach the neighbours
CLOUDWATCH_PERIOD_S = 60
SHOPPERS_PER_RPS = 2.6
REVENUE_USD_PER_HOUR = 2.5e6  # declared
CAPTURED_SHARE = 0.00278  # of requests; the rest are quotes and status reads


class Neighbours:
    """Holds the run and its own random stream; writes one metric after the other."""

    def __init__(self, bodies: Bodies, seed: int) -> None:
        self.bodies = bodies
        self.rng = random.Random(f"{seed}-neighbours")
        self.by_second = group_by_second(bodies.outcome)

    def write_one(self, name: str, labels: Labels, curve: Curve) -> None:
        """Write a metric of one series."""
        self.bodies.write_shared(name, [(labels, curve)])

    def wobble(self, share: float) -> float:
        """Return a factor near 1."""
        return self.rng.uniform(1.0 - share, 1.0 + share)

    def write_database(self) -> None:
        """Write sessions, limits, locks, statement times and the replica's lag."""
        labels = {
            "cluster": world.CLUSTER,
            "datname": "payments",
            "instance": "payments-primary:9187",
        }
        states = ("active", "idle", "idle in transaction")
        rows = [
            ({**labels, "state": state, "usename": "payment_api"}, self.sessions_in(state))
            for state in states
        ]
        self.bodies.write_shared("pg_stat_activity_count", rows)
        self.write_one(
            "pg_roles_connection_limit",
            {**labels, "rolname": "payment_api"},
            lambda _t: float(world.POOL_TOTAL),
        )
        self.write_one(
            "pg_locks_count",
            {**labels, "mode": "rowexclusivelock"},
            lambda t: 30 + 300 * broken(t) + self.rng.randint(0, 9),
        )
        self.write_one(
            "pg_stat_statements_mean_exec_seconds",
            {**labels, "queryid": "insert_payment"},
            lambda t: statement_s(t) * self.wobble(0.04),
        )
        self.write_one(
            "pg_replication_lag_seconds",
            {**labels, "replica": "payments-replica-1"},
            lambda t: replica_lag_s(t) + self.rng.random() * 0.2,
        )

    def sessions_in(self, state: str) -> Curve:
        """Return the number of database sessions in a state as a function of time."""

        def count(second: int) -> float:
            samples = self.by_second.get(second, [])
            leaked = sum(s.leaked_connections for s in samples)
            active = round(sum(s.active for s in samples)) - leaked
            total = sum(s.pool_max for s in samples)
            idle = total - active - leaked
            return {"active": active, "idle in transaction": leaked, "idle": idle}[state]

        return count

    def write_services(self) -> None:
        """Write the balancer's counts and the other services' errors."""
        cluster = {"cluster": world.CLUSTER}
        self.write_one(
            "aws_applicationelb_request_count_sum",
            {**cluster, "load_balancer": "app/payment-alb"},
            self.held_for_a_period(lambda t: world.arrivals_rps(t) * 60 * self.wobble(0.015)),
        )
        self.write_one(
            "aws_applicationelb_un_healthy_host_count_average",
            {**cluster, "target_group": "payment-api"},
            self.held_for_a_period(lambda t: round(8 * broken(t))),
        )
        self.bodies.write_shared(
            "service:http_error_ratio:rate1m",
            [
                ({**cluster, "service": "order-service"}, self.spread_to(0.78)),
                ({**cluster, "service": "inventory-service"}, self.spread_to(0.45)),
            ],
        )
        self.write_one(
            "service:http_slow_ratio:rate1m",
            {**cluster, "service": "user-service"},
            lambda t: 0.02 + 0.21 * broken(t) * self.wobble(0.05),
        )

    def held_for_a_period(self, curve: Curve) -> Curve:
        """Return the curve as an exporter of CloudWatch shows it: one value a minute, held."""
        held: dict[int, float] = {}

        def show(second: int) -> float:
            value = curve(second)
            return held.setdefault(second // CLOUDWATCH_PERIOD_S, value)

        return show

    def spread_to(self, share: float) -> Curve:
        """Return an error share that grows to ``share``, declared for that service."""
        return lambda t: 0.001 + share * broken(t) * self.wobble(0.02)

    def write_shop(self) -> None:
        """Write the shop's view: shoppers, abandoned carts, money."""
        shop = {"shop": "main"}
        self.write_one(
            "storefront_cart_abandonment_ratio",
            shop,
            lambda t: 0.68 + 0.27 * broken(t) + self.rng.uniform(-0.004, 0.004),
        )
        self.write_one(
            "storefront_active_shoppers",
            shop,
            lambda t: round(
                SHOPPERS_PER_RPS
                * world.arrivals_rps(t)
                * (1 - 0.05 * broken(t))
                * self.wobble(0.02)
            ),
        )
        self.write_one(
            "storefront_revenue_usd_total",
            {**shop, "channel": "payments"},
            revenue(self.bodies.outcome),
        )


def group_by_second(outcome: Outcome) -> dict[int, list[Sample]]:
    """Return the samples of the primary cluster's serving pods by time."""
    by_second: dict[int, list[Sample]] = {}
    for pod in outcome.pods:
        if pod.workload == "payment-api" and pod.cluster == world.CLUSTER:
            for sample in pod.samples:
                if sample.up and pod.is_ready(sample.second):
                    by_second.setdefault(sample.second, []).append(sample)
    return by_second


def broken(second: int) -> float:
    """Return how far the failure has spread, 0 to 1."""
    return min(1.0, max(0.0, (second - world.EXHAUSTED_S) / SPREAD_S))


def statement_s(second: int) -> float:
    """Return the mean time of the payment insert: slower during maintenance, then normal."""
    return 0.0029 if world.MAINTENANCE_FROM_S <= second < world.MAINTENANCE_TO_S else 0.0021


def replica_lag_s(second: int) -> float:
    """Return the lag of the read replica: a bump at the fail-over test."""
    return 0.3 + (14.0 if 0 <= second - world.FAILOVER_TEST_S < 150 else 0.0)


def revenue(outcome: Outcome) -> Curve:
    """Return the money taken so far: the declared rate at the normal rate of captures."""
    totals: dict[int, float] = {}
    per_capture_usd = REVENUE_USD_PER_HOUR / 3600.0 / (world.NORMAL_RPS * CAPTURED_SHARE)
    last: dict[str, float] = {}
    total = 812_400_000.0
    for second in range(0, world.LENGTH_S + 1, world.STEP_S):
        for pod in outcome.pods:
            sample = next((s for s in pod.samples if s.second == second and s.up), None)
            if sample is not None and pod.workload == "payment-api":
                before = last.get(pod.name, sample.captured_count if pod.created_s < 0 else 0.0)
                total += max(sample.captured_count - before, 0.0) * per_capture_usd
                last[pod.name] = sample.captured_count
        totals[second] = total
    return lambda t: totals[t]


def write_all(bodies: Bodies, seed: int) -> None:
    """Write all of them."""
    neighbours = Neighbours(bodies, seed)
    neighbours.write_database()
    neighbours.write_services()
    neighbours.write_shop()
