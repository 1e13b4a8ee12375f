"""Live systems to an evidence folder: the only room with a network.

A module without a leading underscore is a live source; its file name is its public name.
It talks to the one target it is given and to nobody else.
"""

from forensics.collect._client import Client
from forensics.collect._snapshot import (
    Access,
    Collected,
    Snapshot,
    Window,
    collect_from,
    find_sources,
    parse_window,
    split_target,
)

__all__ = [
    "Access",
    "Client",
    "Collected",
    "Snapshot",
    "Window",
    "collect_from",
    "find_sources",
    "parse_window",
    "split_target",
]
