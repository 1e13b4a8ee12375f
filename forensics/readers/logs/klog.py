"""Logs of klog and glog: Kubernetes components and many Go and C++ programs.

References
----------
k8s.io/klog, header format ``Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg``.
"""

from __future__ import annotations

from typing import Final

from forensics.kernels import log_time
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.logs._text import match_lines, read_text

TITLE: Final = "klog and glog (Kubernetes components)"
KIND: Final[Kind] = "logs"

_LINE: Final = (
    r"^(?P<level>[IWEF])(?P<time>\d{4} \d\d:\d\d:\d\d\.\d+)\s+\d+ "
    r"(?P<logger>[\w./-]+:\d+)\] ?(?P<message>.*)$"
)


def sniff(head: Head) -> Match:
    """Claim lines of a level letter, month and day, time, thread, file and line."""
    return match_lines(head, r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w./-]+:\d+\]")


def read(source: Source) -> Reading:
    """Read all messages; the year, which the format lacks, is inferred and noted."""
    return read_text(source, "klog", _LINE, style=log_time.KLOG)
