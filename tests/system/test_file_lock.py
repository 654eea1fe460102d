import errno
import fcntl
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from pnas.system import file_lock as module
from pnas.system.file_lock import LockIsHeld, file_lock, is_held, lock_until_exit

HOLD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
{without_flock}
from pnas.system.file_lock import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
WITHOUT_FLOCK = """
import errno, fcntl
def refuse(*_): raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = refuse
"""
NO_FLOCK_ERRORS = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP]


def remove_flock(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Make every file system one that answers `flock` with the error ``code``."""

    def refuse(*_: object) -> None:
        raise OSError(code, "not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_a_lock_waits_for_its_turn_but_not_for_ever(tmp_path: Path) -> None:
    order = []

    def hold() -> None:
        with file_lock(tmp_path / "lock"):
            order.append("first")
            time.sleep(0.3)

    holder = threading.Thread(target=hold)
    holder.start()
    while not order:
        time.sleep(0.01)
    with pytest.raises(LockIsHeld), file_lock(tmp_path / "lock", timeout=0.05):
        pass
    with file_lock(tmp_path / "lock", timeout=30):
        order.append("second")
    holder.join()
    assert order == ["first", "second"]


def test_what_the_lock_file_contains_stays(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("process 12 on here")
    with file_lock(path), pytest.raises(LockIsHeld), file_lock(path, timeout=0):
        pass
    assert path.read_text() == "process 12 on here"


def test_a_reader_sees_who_holds_a_lock_and_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    assert not path.exists()
    with file_lock(path):
        assert is_held(path)
    assert not is_held(path)


@pytest.mark.parametrize("without_flock", ["", WITHOUT_FLOCK], ids=["flock", "lease"])
def test_a_lock_is_free_again_when_its_holder_was_killed(
    without_flock: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    if without_flock:
        remove_flock(monkeypatch, errno.ENOLCK)
    code = HOLD_UNTIL_KILLED.format(without_flock=without_flock)
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert is_held(path)
        with pytest.raises(LockIsHeld), file_lock(path, timeout=0):
            pass
        holder.kill()
    with file_lock(path, timeout=10):
        assert is_held(path)


@pytest.mark.parametrize("code", NO_FLOCK_ERRORS)
def test_a_file_system_without_flock_gets_a_lease(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_flock(monkeypatch, code)
    path = tmp_path / "lock"
    with file_lock(path, timeout=0):
        assert is_held(path)
        with pytest.raises(LockIsHeld), file_lock(path, timeout=0):
            pass
    assert not is_held(path)
    with file_lock(path, timeout=0):
        pass


def test_any_other_error_of_a_lock_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_flock(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="not supported"), file_lock(tmp_path / "lock", timeout=0):
        pass


def test_a_lock_until_exit_is_taken_once(tmp_path: Path) -> None:
    assert lock_until_exit(tmp_path / "slot")
    assert not lock_until_exit(tmp_path / "slot")
    module._held_until_exit.pop().release()
    assert lock_until_exit(tmp_path / "slot")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_second_user_of_a_shared_folder_can_lock() -> None:
    group = 4321
    # Not below pytest's folders, which no other user may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chown(folder, 0, group)
        folder.chmod(0o2775)
        with file_lock(folder / "lock", timeout=0):
            pass

        process = os.fork()
        if process == 0:
            os.setgroups([])
            os.setgid(group)
            os.setuid(4322)
            with file_lock(folder / "lock", timeout=0):
                os._exit(0)
            os._exit(1)
        assert os.waitpid(process, 0)[1] == 0


def test_a_lock_in_a_folder_of_one_user_is_not_opened_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with file_lock(tmp_path / "lock", timeout=0):
        assert not (tmp_path / "lock").stat().st_mode & 0o022


def test_a_look_at_a_lock_does_not_keep_others_from_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    # What `is_held` does, at its slowest.
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    look = threading.Timer(0.003, os.close, (descriptor,))
    look.start()
    with file_lock(path, timeout=0):
        pass
    look.join()


def test_a_lease_that_nobody_touches_any_more_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove_flock(monkeypatch, errno.ENOLCK)
    path = tmp_path / "lock"
    with file_lock(path):
        assert is_held(path)
        long_ago = time.time() - 10 * module.LEASE_SECONDS
        os.utime(module._lease_path(path), (long_ago, long_ago))
        assert not is_held(path)
