"""What follows from actions, on services whose future can be told with a pencil."""

from dataclasses import replace

import numpy as np
import pytest

from forensics.analysis._service_model import Action, Service, simulate

HOUR = 3600.0
#: Two processes, 600 MB of room each, 1 MB/s: they meet their limit after ten minutes.
SERVICE = Service(
    used_bytes=np.array([400e6, 400e6]),
    fresh_bytes=400e6,
    limit_bytes=1000e6,
    rate_bytes_per_s=1e6,
    share_from_load=1.0,
    requests_per_s=200.0,
    down_s=60.0,
)


def play(**action):
    return simulate(SERVICE, Action("test", **action), HOUR)


def test_left_alone_a_process_dies_whenever_its_room_is_full():
    course = play()
    assert course.limit_min == pytest.approx(10.0, abs=0.5)
    assert course.kills == 2 * 5  # every 11 minutes, the restart included
    assert 0.85 < course.mean_served < 0.95  # both are away for one minute in eleven


def test_a_rollback_ends_the_growth_and_a_restart_only_puts_it_off():
    assert play(replaced_over_s=120.0, is_clean=True).limit_min == np.inf
    assert play(replaced_over_s=120.0).limit_min == pytest.approx(11.0, abs=1.0)
    assert play(stops_growth=True).kills == 0


@pytest.mark.parametrize(("share_from_load", "minutes"), [(1.0, 20.0), (0.0, 10.0)])
def test_twice_the_processes_halve_what_goes_with_requests_alone(share_from_load, minutes):
    service = replace(SERVICE, share_from_load=share_from_load)
    course = simulate(service, Action("scale", process_factor=2.0), HOUR)
    assert course.limit_min == pytest.approx(minutes, abs=0.5)


def test_half_as_many_processes_elsewhere_take_twice_the_load_each():
    course = play(process_factor=0.5, is_elsewhere=True)
    assert course.limit_min == pytest.approx(5.0, abs=0.3)


def test_a_pool_serves_by_littles_law_what_its_connections_can():
    service = replace(SERVICE, rate_bytes_per_s=0.0, pool_size=10.0, hold_s=0.2)
    assert service.can_serve_per_s == pytest.approx(100.0)
    assert simulate(service, Action("left alone"), HOUR).mean_served == pytest.approx(0.5)
    assert simulate(service, Action("pool", pool_factor=2.0), HOUR).mean_served == 1.0


def test_connections_that_are_lost_by_request_run_out_and_come_back_with_a_restart():
    service = replace(
        SERVICE, rate_bytes_per_s=0.0, pool_size=10.0, hold_s=0.05, lost_per_request=1e-4
    )
    alone = simulate(service, Action("left alone"), 3 * HOUR)
    assert alone.served_share[0] == 1.0
    assert alone.served_share[-1] < 0.1
    clean = simulate(service, Action("back", replaced_over_s=60.0, is_clean=True), 3 * HOUR)
    assert clean.mean_served == pytest.approx(1.0, abs=0.01)
