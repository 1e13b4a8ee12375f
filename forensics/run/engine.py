"""Where partitions are worked on: in this process, on a local Dask cluster, or on a remote one.

The functions of the partitions are the same everywhere and their results are put together in
the order of the partitions, so that the engine never shows in a result. Workers read evidence
by path: all machines must see the same files under the same names.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol, TypeVar

from forensics.errors import UnsupportedError, UsageError

_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")
_LOCAL: Final = re.compile(r"dask(?::(\d{1,3}))?\Z")
_REMOTE: Final = re.compile(r"dask://([\w.-]+|\[[0-9a-fA-F:]+\])(?::(\d{1,5}))?\Z")
_DEFAULT_PORT: Final = 8786
_CONNECT_S: Final = 15
#: Times a partition is tried again after its worker died or lost its connection.
_RETRIES: Final = 2
#: Help of the option that every verb with an engine has.
ENGINE_HELP: Final = (
    "Where to work: 'local' is this process, 'dask' or 'dask:N' a cluster of N processes on this "
    "machine, 'dask://HOST:PORT' a Dask scheduler whose workers see the same files."
)


class Engine(Protocol):
    """What works on partitions."""

    def run(
        self, function: Callable[[_Item], _Answer], items: Sequence[_Item]
    ) -> Iterator[_Answer]:
        """Yield ``function`` of each item, in the order of the items."""
        ...


class LocalEngine:
    """Work in this process, one partition after the other."""

    def run(
        self, function: Callable[[_Item], _Answer], items: Sequence[_Item]
    ) -> Iterator[_Answer]:
        """Yield ``function`` of each item."""
        return map(function, items)


class DaskEngine:
    """Work on the workers of a Dask scheduler; a partition of a dead worker is done again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(
        self, function: Callable[[_Item], _Answer], items: Sequence[_Item]
    ) -> Iterator[_Answer]:
        """Yield ``function`` of each item in order, once all before it are done.

        Raises
        ------
        UnsupportedError
            If every worker that tried a partition died, as when its memory doesn't suffice.
        Exception
            What ``function`` raised on a worker.
        """
        from distributed import KilledWorker  # noqa: PLC0415  # an extra, slow to import

        futures = self._client.map(function, list(items), pure=False, retries=_RETRIES)
        try:
            for future in futures:
                yield future.result()
                future.release()
        except KilledWorker as error:
            raise UnsupportedError(
                "the Dask workers die on a part of this evidence (is their memory enough for one "
                "part?); give them more, start fewer, or use --engine local"
            ) from error
        finally:
            self._client.cancel(futures)


@contextmanager
def open_engine(name: str = "local") -> Iterator[Engine]:
    """Give the engine called ``name`` (see ``ENGINE_HELP``) and close it afterwards.

    Raises
    ------
    UsageError
        If no engine has such a name.
    UnsupportedError
        If Dask isn't installed, or its scheduler doesn't answer.
    """
    local, remote = _LOCAL.match(name), _REMOTE.match(name)
    if name == "local":
        yield LocalEngine()
    elif local or remote:
        with _dask_client(name, local, remote) as client:
            yield DaskEngine(client)
    else:
        raise UsageError(
            f"--engine {name}: no such engine; use local, dask, dask:N or dask://HOST:PORT"
        )


@contextmanager
def _dask_client(
    name: str, local: re.Match[str] | None, remote: re.Match[str] | None
) -> Iterator[Any]:
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415  # an extra, slow to import
    except ImportError as error:
        raise UnsupportedError(
            f"--engine {name}: Dask is not installed; install the extra 'dask', "
            "or use --engine local"
        ) from error
    if remote is not None:
        address = f"tcp://{remote[1]}:{remote[2] or _DEFAULT_PORT}"
        try:
            client = Client(  # type: ignore[no-untyped-call]  # distributed has no types
                address, timeout=_CONNECT_S, set_as_default=False
            )
        except (OSError, TimeoutError) as error:
            raise UnsupportedError(
                f"--engine {name}: no scheduler answers at {address}; start 'dask scheduler' "
                "there, or use --engine local"
            ) from error
        with client:
            yield client
        return
    workers = int(local[1]) if local is not None and local[1] else None
    with (
        tempfile.TemporaryDirectory(prefix="forensics-") as scratch,
        # no memory limit: mapped dumps and logs would count, which the kernel may drop
        LocalCluster(  # type: ignore[no-untyped-call]  # distributed has no types
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            memory_limit=0,
            local_directory=scratch,
        ) as cluster,
        Client(  # type: ignore[no-untyped-call]  # same
            cluster, set_as_default=False
        ) as client,
    ):
        yield client
