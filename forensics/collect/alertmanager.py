"""Alerts of an Alertmanager.

References
----------
Alertmanager OpenAPI specification v2, ``getAlerts``.
"""

from __future__ import annotations

from typing import Final

from forensics.collect import Snapshot, Window, split_target

TITLE: Final = "Alertmanager alerts (ADDRESS)"


def collect(target: str, window: Window, out: Snapshot) -> None:
    """Save all alerts it still holds; the server knows no window."""
    del window
    client = out.client(split_target(target)[0])
    out.save("alerts/alertmanager.json", lambda: client.get("/api/v2/alerts"))
