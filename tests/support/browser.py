"""A real browser on a real MLflow server: pages as Chromium shows them, after their scripts have
run.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def page(address: str, milliseconds: int = 12_000) -> str:
    """The document at ``address`` after so much of the page's own time, as HTML."""
    # Wide: the UI leaves out what would not be in view.
    return _chromium(address, milliseconds, "--dump-dom", "--window-size=3000,2000")


def screenshot(
    address: str, path: Path, width: int = 1200, height: int = 900, milliseconds: int = 20_000
) -> Path:
    """A picture of the page at ``address`` in a window of that size."""
    _chromium(
        address, milliseconds, f"--screenshot={path.absolute()}", f"--window-size={width},{height}"
    )
    return path


def _chromium(address: str, milliseconds: int, *options: str) -> str:
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(
        prefix="pnas-chromium-", ignore_cleanup_errors=True
    ) as profile:
        fixed = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
        )
        # Virtual time stands still while an answer is awaited, so a slow machine shows the same
        # page.
        command = [CHROMIUM, *fixed, f"--virtual-time-budget={milliseconds}", *options, address]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=180, check=True
        ).stdout


@contextmanager
def mlflow_server(database: Path) -> Iterator[str]:
    """Serve the MLflow store in ``database`` on the loopback interface; yield the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", f"sqlite:///{database}"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    server = subprocess.Popen(
        [*command, "--port", str(port), "--workers", "1"],
        cwd=database.parent,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/health", server)
        yield address
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait_for(address: str, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None, "the MLflow server ended"
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(address)
