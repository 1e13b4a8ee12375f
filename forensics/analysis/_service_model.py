"""A fluid model of a service: processes that leak, pools that lose connections, shared traffic.

Each process takes an even share of the traffic. Its memory grows by the clock, by request, or
by both; at its limit it is killed and is gone for a while. Its pool serves what connections
that are left can serve, by Little's law; what is beyond that fails. Everything is constant but
what an action changes, so this is what would follow from the last minutes seen, no forecast of
traffic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEPS: Final = 240


@dataclass(frozen=True, slots=True)
class Service:
    """What was fitted of one service as it was last seen.

    Attributes
    ----------
    used_bytes
        Memory of each running process now, shape (n,).
    fresh_bytes, limit_bytes
        Memory of a process after its start, and where it is killed (infinite if not known).
    rate_bytes_per_s
        Growth of one process at its present share of the traffic.
    share_from_load
        Part of that growth that goes with requests, 0 to 1.
    requests_per_s
        Traffic of all processes together; NaN if not known.
    pool_size, hold_s, lost_connections
        Connections of one process, how long a request holds one, and how many are lost now;
        NaN if not known.
    lost_per_request
        Connections that a request leaves behind.
    down_s
        How long a killed process is away.
    """

    used_bytes: Floats
    fresh_bytes: float
    limit_bytes: float
    rate_bytes_per_s: float
    share_from_load: float
    requests_per_s: float = math.nan
    pool_size: float = math.nan
    hold_s: float = math.nan
    lost_connections: float = 0.0
    lost_per_request: float = 0.0
    down_s: float = 30.0

    @property
    def processes(self) -> int:
        """Processes that run now."""
        return int(self.used_bytes.size)

    @property
    def can_serve_per_s(self) -> float:
        """Requests a second that all pools can serve now; infinite where no pool is known."""
        if not (self.pool_size > 0 and self.hold_s > 0):
            return math.inf
        return self.processes * max(self.pool_size - self.lost_connections, 0.0) / self.hold_s


@dataclass(frozen=True, slots=True)
class Action:
    """What is done to a service at minute 0.

    ``replaced_over_s`` restarts all processes one after the other over that time, NaN none;
    ``is_clean`` says that what starts then loses nothing, ``stops_growth`` that what runs already
    loses nothing more. ``process_factor`` and ``pool_factor`` multiply; ``is_elsewhere`` serves
    the traffic from other, fresh processes.
    """

    name: str
    replaced_over_s: float = math.nan
    is_clean: bool = False
    stops_growth: bool = False
    process_factor: float = 1.0
    pool_factor: float = 1.0
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What follows from an action, by minute, shape (n,).

    ``memory_share`` is the fullest process's share of its limit, ``served_share`` what part
    of the traffic is served (NaN where the traffic isn't known). ``limit_min`` is when a process
    first meets its limit, infinite if none does within ``minutes``; ``kills`` counts all.
    """

    action: Action
    minutes: Floats
    memory_share: Floats
    served_share: Floats
    limit_min: float
    kills: int

    @property
    def mean_served(self) -> float:
        """Part of the traffic that is served over the whole time."""
        return float(np.mean(self.served_share))


def simulate(service: Service, action: Action, horizon_s: float) -> Course:
    """Play an action forward in steps of a 240th of the horizon.

    References
    ----------
    J. D. C. Little (1961), "A proof for the queuing formula L = λW", Operations Research 9,
    383-387: connections in use are requests a second times the time each is held.
    """
    started = _act(service, action)
    n, dt = started.processes, horizon_s / _STEPS
    used, lost = started.used_bytes.copy(), np.zeros(n)
    if not action.is_elsewhere:
        lost[: service.processes] = service.lost_connections
    share_now = service.requests_per_s / max(service.processes, 1)
    replaced_s = _replacement_times(action, n)
    is_new, away_s = np.zeros(n, bool), np.zeros(n)
    memory, served = np.empty(_STEPS + 1), np.empty(_STEPS + 1)
    limit_min, kills = math.inf, 0
    for step in range(_STEPS + 1):
        now = step * dt
        due = (replaced_s <= now) & ~is_new
        used[due], lost[due], is_new[due] = started.fresh_bytes, 0.0, True
        is_up = away_s <= 0
        load = service.requests_per_s / max(int(is_up.sum()), 1)
        memory[step] = float(np.max(used / started.limit_bytes))
        served[step] = _served(started, is_up, lost, load)
        leaks = is_up & ~(is_new & action.is_clean) & (not action.stops_growth)
        factor = load / share_now if share_now > 0 else service.processes / n
        growth = service.share_from_load * factor + 1.0 - service.share_from_load
        used = used + leaks * service.rate_bytes_per_s * growth * dt
        rate = load if math.isfinite(load) else 0.0
        lost = np.minimum(lost + leaks * service.lost_per_request * rate * dt, started.pool_size)
        away_s = np.maximum(away_s - dt, 0.0)
        dead = is_up & (used >= started.limit_bytes)
        if dead.any():
            limit_min = min(limit_min, (now + dt) / 60.0)
            kills += int(dead.sum())
            used[dead], lost[dead], away_s[dead] = started.fresh_bytes, 0.0, service.down_s
    minutes = np.linspace(0.0, horizon_s / 60.0, _STEPS + 1)
    return Course(action, minutes, memory, served, limit_min, kills)


def _act(service: Service, action: Action) -> Service:
    """Return the service right after an action."""
    count = max(1, round(service.processes * action.process_factor))
    used = np.full(count, service.fresh_bytes)
    if not action.is_elsewhere:
        used[: service.processes] = service.used_bytes[:count]
    return replace(service, used_bytes=used, pool_size=service.pool_size * action.pool_factor)


def _replacement_times(action: Action, count: int) -> Floats:
    if not math.isfinite(action.replaced_over_s):
        return np.full(count, np.inf)
    return np.linspace(0.0, action.replaced_over_s, count + 1)[1:]


def _served(service: Service, is_up: NDArray[np.bool_], lost: Floats, load: float) -> float:
    """Return the part of the traffic that the processes which are up can serve."""
    if not is_up.any():
        return 0.0
    if not (service.pool_size > 0 and service.hold_s > 0 and load > 0):
        return 1.0
    can = np.maximum(service.pool_size - lost[is_up], 0.0) / service.hold_s
    return float(np.mean(np.minimum(can / load, 1.0)))
