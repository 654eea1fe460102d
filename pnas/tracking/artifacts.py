"""The files that are kept with a search run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pnas.records.run_directory import CHILDREN, CONFIG, SUMMARY
from pnas.tracking.mlflow_store import Store

ALWAYS_KEPT = (SUMMARY, CHILDREN, CONFIG)


class Artifacts:
    """Uploads files of one run directory, each version of a file once."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._uploaded: set[tuple[Path, int]] = set()

    def upload(self, store: Store, run_id: str, paths: Sequence[Path]) -> None:
        """Keep the files that every search has, and those that ``paths`` name or hold."""
        always = [self._run_dir / name for name in ALWAYS_KEPT]
        for path, folder in files_below(self._run_dir, [*always, *paths]):
            version = (path, path.stat().st_mtime_ns)
            if version not in self._uploaded:
                store.client.log_artifact(run_id, str(path), folder)
            self._uploaded.add(version)


def files_below(run_dir: Path, paths: Sequence[Path]) -> Iterator[tuple[Path, str | None]]:
    """Yield the files that ``paths`` name or hold, each with the artifact folder that it goes to.

    What seems to lie in ``run_dir`` but links out of it is left out: the directory may be somebody
    else's.
    """
    for path in paths:
        top = path.absolute()
        if not top.is_dir():
            if _may_be_kept(top, run_dir):
                yield top, None
            continue
        for file in sorted(top.rglob("*")):
            if _may_be_kept(file, run_dir):
                yield file, str(file.parent.relative_to(top.parent))


def _may_be_kept(file: Path, run_dir: Path) -> bool:
    is_inside = file.is_relative_to(run_dir.absolute())
    leads_out = is_inside and not file.resolve().is_relative_to(run_dir.resolve())
    return file.is_file() and not leads_out
