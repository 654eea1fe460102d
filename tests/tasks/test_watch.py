"""`task=watch`: a running search in the browser, on this machine only."""

import re
import signal
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.command import run_here, start
from support.journals import make_run

from pnas.records import Journal
from pnas.records.run_directory import JOURNAL
from pnas.reports.html.live_page import LivePage
from pnas.system.loopback_server import PageServer, ServedPage


def fetch(address: str, **headers: str) -> tuple[str, str | None]:
    """The page and its header Refresh."""
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read().decode(), answer.headers.get("Refresh")


@contextmanager
def served(html: str = "<p>page", refresh: int | None = 3) -> Iterator[str]:
    with PageServer(lambda: ServedPage(html, refresh)) as server:
        yield server.address


def test_a_page_says_when_it_is_to_be_asked_for_again() -> None:
    with served() as address:
        assert address.startswith("http://127.0.0.1:")
        assert fetch(address) == ("<p>page", "3")
    with served(refresh=None) as address:
        assert fetch(address) == ("<p>page", None)


@pytest.mark.parametrize(("path", "host"), [("etc/passwd", None), ("", "attacker.example")])
def test_other_paths_and_other_sites_get_nothing(path: str, host: str | None) -> None:
    headers = {} if host is None else {"Host": host}
    with served() as address, pytest.raises(urllib.error.HTTPError) as refused:
        fetch(address + path, **headers)
    refused.value.close()
    assert refused.value.code in (403, 404)


def test_only_this_machine_is_listened_to() -> None:
    with PageServer(lambda: ServedPage("", None)) as server:
        assert server._server.socket.getsockname()[0] == "127.0.0.1"


def test_the_page_changes_with_the_journal_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = make_run(tmp_path / "demo", (6, 4), status="running", unfinished=2)
    page = LivePage(run_dir)
    before = page.html()
    assert "demo" in before
    assert page.html() is before
    with Journal(run_dir / JOURNAL, create=True) as journal:
        journal.set_meta(status="finished")
    assert page.html() is not before


def test_a_search_without_a_child_that_ended_is_waited_for(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path / "new", (3,), status="running", unfinished=3)
    assert "no child has ended yet" in LivePage(run_dir).html()


def test_it_ends_by_itself_when_the_search_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "outputs" / "demo", (3, 2))
    monkeypatch.chdir(tmp_path)
    pages: list[tuple[str, str | None]] = []
    monkeypatch.setattr("pnas.tasks.watch.time.sleep", lambda _: pages.append(fetch(_address())))

    def _address() -> str:
        printed.append(capsys.readouterr().out)
        found = re.search(r"http://\S+", "".join(printed))
        assert found is not None
        return found[0]

    printed: list[str] = []
    assert run_here("task=watch", "from=outputs/demo", "task.until_end=true") == 0
    assert len(pages) == 1
    html, refresh = pages[0]
    assert "demo" in html
    assert refresh is None
    assert capsys.readouterr().out == "outputs/demo is finished\n"
    assert not (tmp_path / "outputs" / "demo" / "report.html").exists()


def test_a_port_in_use_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(tmp_path / "outputs" / "demo", (3, 2))
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_here("task=watch", "from=outputs/demo", f"task.port={port}") == 2
    error = capsys.readouterr().err
    assert error == f"task.port: must be a port that is free. Received: {port}\n"


@pytest.mark.slow
def test_ctrl_c_ends_it(tmp_path: Path) -> None:
    make_run(tmp_path / "outputs" / "demo", (3, 2))
    process = start(["task=watch", "from=outputs/demo"], tmp_path)
    guard = threading.Timer(60, process.kill)
    guard.start()
    assert process.stdout is not None
    line = process.stdout.readline()
    html, refresh = fetch(line.split()[2])
    assert "demo" in html
    assert refresh == "5"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    guard.cancel()
    assert process.returncode == 130
    assert "Traceback" not in err
