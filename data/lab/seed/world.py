"""The seed incident's fixed facts: times, sizes, rates and names.

Figures that the declaration states are copied from it; the others are choices of the
reconstruction, and say so.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 2, 9, 13, 0, 0, tzinfo=UTC)
END: Final = datetime(2026, 2, 9, 14, 40, 0, tzinfo=UTC)
STEP_S: Final = 15

MAINTENANCE_FROM_S: Final = 30 * 60  # 13:30, chosen; the declaration gives only the end
FAILOVER_TEST_S: Final = 58 * 60  # 13:58, chosen
MAINTENANCE_TO_S: Final = 70 * 60  # 14:10:00, declared
DEPLOY_S: Final = 75 * 60  # 14:15:00, declared
SALE_S: Final = 80 * 60  # 14:20:00, declared
EXHAUSTED_S: Final = 83 * 60 + 17  # 14:23:17, declared; the model is calibrated to it
DECLARED_S: Final = 88 * 60 + 45  # 14:28:45, declared
SCALE_OUT_S: Final = 91 * 60 + 10  # 14:31:10, chosen: "horizontal scaling attempted"
LENGTH_S: Final = 100 * 60

GIB: Final = 1024**3
LIMIT_BYTES: Final = 8 * GIB
MAX_HEAP_BYTES: Final = 7 * GIB
POOL_TOTAL: Final = 500
POOL_SIZES: Final = (63, 62, 63, 62, 63, 62, 63, 62)  # the 500 shared out over 8 replicas
PARTNER_POOL: Final = 40
STANDBY_POOL: Final = 20

NORMAL_RPS: Final = 5_000.0
SALE_RPS: Final = 20_000.0
SALE_RAMP_S: Final = 40

HOLD_S: Final = 0.008  # a connection's use by one request: 5K req/s need 40 of them (Little)
MAINTENANCE_HOLD_S: Final = 0.011
BLOCKED_HOLD_S: Final = 4.0  # behind row locks of sessions that nobody ends
CONNECTION_TIMEOUT_S: Final = 30.0
MAX_IN_FLIGHT: Final = 1_668  # Tomcat threads and accept queue: 12 844 can wait on 8 pods

FRAUD_TIMEOUT_SHARE: Final = 0.05
FRAUD_TIMEOUT_SHARE_BLOCKED: Final = 0.133  # its velocity look-ups queue for the same pool
SESSION_BYTES: Final = 133_400  # a FraudSession: feature vector of 16 384 doubles and its frame
PENDING_BYTES: Final = 250_000  # a request that waits: cart, buffers, its thread's stack
CONNECTION_LEAK_SHARE: Final = 0.001418  # of fraud time-outs; sets the second of exhaustion

OLD_VERSION: Final = "v3.4.9"
NEW_VERSION: Final = "v3.5.0"
NAMESPACE: Final = "payment-system"
CLUSTER: Final = "production-us-east-1"
STANDBY_CLUSTER: Final = "production-us-west-2"

OLD_HASH: Final = "6c9d7b5f4d"
NEW_HASH: Final = "7f8b9d6c5x"
PARTNER_HASH: Final = "58d4f9c7b6"
STANDBY_HASH: Final = "6c9d7b5f4d"


def moment(second: float) -> datetime:
    """Return the time that lies ``second`` seconds after the start of the window."""
    return START + timedelta(seconds=second)


def stamp(second: float) -> str:
    """Return that time as RFC 3339 with milliseconds, for logs."""
    return moment(second).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(second * 1000) % 1000:03d}Z"


def stamp_s(second: float) -> str:
    """Return that time as RFC 3339 in whole seconds, as Kubernetes writes it."""
    return moment(second).strftime("%Y-%m-%dT%H:%M:%SZ")


def arrivals_rps(second: float) -> float:
    """Return the requests per second that reach the load balancer."""
    if second < SALE_S:
        return NORMAL_RPS
    share = min(1.0, (second - SALE_S) / SALE_RAMP_S)
    return NORMAL_RPS + share * (SALE_RPS - NORMAL_RPS)
