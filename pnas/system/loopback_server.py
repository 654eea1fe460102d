"""Pages served to browsers on this machine, and to nobody else."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self

LOOPBACK = "127.0.0.1"


class ServedPage(NamedTuple):
    """One answer to a browser.

    Attributes:
        html: The whole page.
        refresh: Seconds after which the browser asks again; None for never.
    """

    html: str
    refresh: int | None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, make_page: Callable[[], ServedPage]) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.make_page = make_page

    def hosts(self) -> tuple[str, ...]:
        """Return the values of the header Host under which this server may be reached."""
        port = self.server_address[1]
        return f"{LOOPBACK}:{port}", f"localhost:{port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        # A page of another site whose name resolves to this machine must not read ours.
        if self.headers.get("Host") not in self.server.hosts():
            self.send_error(403)
            return
        if self.path != "/":
            self.send_error(404)
            return
        self._send(self.server.make_page())

    def _send(self, page: ServedPage) -> None:
        body = page.html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if page.refresh is not None:
            self.send_header("Refresh", str(page.refresh))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: a line a request hides what the command has said."""


class PageServer:
    """Serves one page on the loopback interface for the length of a ``with`` block.

    Args:
        make_page: Makes the page anew for each request, in any thread.
        port: Port to listen on; 0 for any that is free.

    Raises:
        OSError: The port is not free.
    """

    def __init__(self, make_page: Callable[[], ServedPage], port: int = 0) -> None:
        self._server = _Server(port, make_page)

    @property
    def address(self) -> str:
        """Address of the page."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
