"""A real JupyterLab on loopback, and what a person does in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: Whole notebooks are drawn, not only what is in sight; nobody asks about news.
SETTINGS = {
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false"},
}
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
_STATE = """
const panel = window.jupyterapp?.shell.currentWidget;
if (!panel?.content?.model || !panel.sessionContext?.session?.kernel) return null;
const cells = panel.content.widgets.filter((cell) => cell.model.type === "code");
return {
  kernel: panel.sessionContext.session.kernel.status,
  counts: cells.map((cell) => cell.model.executionCount),
  errors: cells.flatMap((cell) => cell.model.outputs.toJSON())
    .filter((output) => output.output_type === "error")
    .map((output) => output.ename + ": " + output.evalue),
};
"""


@dataclass
class Lab:
    """A JupyterLab that serves one folder, and the browser that looks at it."""

    address: str
    folder: Path
    browser: Any

    def open(self, name: str) -> None:
        """Open a notebook and wait for its kernel."""
        self.browser.get(f"{self.address}/lab/tree/{name}?reset")
        self.wait(lambda: (self.state() or {}).get("kernel") == "idle", "the kernel", 180)

    def state(self) -> dict[str, Any] | None:
        return self.browser.execute_script(_STATE)

    def run_all(self, seconds: float = 240) -> dict[str, Any]:
        """Do what "Run All Cells" does; return the state of the notebook afterwards."""
        self.browser.execute_script("window.jupyterapp.commands.execute('notebook:run-all-cells');")
        self.wait(self._is_done, "Run All", seconds)
        return self.state() or {}

    def _is_done(self) -> bool:
        state = self.state() or {}
        is_whole = all(count is not None for count in state.get("counts", [None]))
        return state.get("kernel") == "idle" and (is_whole or bool(state.get("errors")))

    def wait(self, ready: Any, what: str, seconds: float = 60) -> Any:
        """Poll until ``ready()`` is true: a person would look, too."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = ready()
            if found:
                return found
            time.sleep(0.2)
        pytest.fail(f"{what} was not ready after {seconds:.0f} s")


def start_lab(folder: Path, home: Path, environment: dict[str, str]) -> tuple[Any, str]:
    """Start a JupyterLab over ``folder``, its settings in ``home``; return it and its address."""
    for name, values in SETTINGS.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *OPTIONS, f"--ServerApp.port={port}",
         f"--ServerApp.root_dir={folder}"],
        env={
            **os.environ,
            **environment,
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
        },
        stdout=(home / "lab.log").open("wb"),
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    return process, f"http://127.0.0.1:{port}"


def stop_lab(process: Any) -> None:
    """End the server and with it its kernels."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def copy_notebooks(names: list[str], folder: Path) -> None:
    """Copy notebooks of the project, so that a run leaves them as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy2(ROOT / "notebooks" / name, folder / name)
