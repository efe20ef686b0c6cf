"""Files that change are noticed: written, renamed, removed, in folders that come and go."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from pipeline.watching import watching


def test_whatever_happens_to_files_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    folder, single = tmp_path / "content", tmp_path / "settings.py"
    seen = threading.Semaphore(0)
    with watching([folder, single, single / "below", tmp_path / "nowhere"], seen.release):
        for happens in (
            lambda: folder.mkdir() or (folder / "a.md").write_text("1", encoding="utf-8"),  # type: ignore[func-returns-value]
            lambda: (folder / "a.md").write_text("22", encoding="utf-8"),
            lambda: (folder / "a.md").rename(folder / "b.md"),
            lambda: single.write_text("x", encoding="utf-8"),
            lambda: shutil.rmtree(folder),
            single.unlink,
        ):
            happens()
            assert seen.acquire(timeout=20)
        (tmp_path / "elsewhere").write_text("x", encoding="utf-8")
        assert not seen.acquire(timeout=0.5)


def test_what_changes_while_it_is_dealt_with_is_dealt_with_as_well(tmp_path: Path) -> None:
    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def slow() -> None:
        begun.release()
        go_on.acquire()

    with watching([tmp_path], slow):
        (tmp_path / "a").write_text("1", encoding="utf-8")
        assert begun.acquire(timeout=20)
        (tmp_path / "a").write_text("22", encoding="utf-8")
        go_on.release()
        assert begun.acquire(timeout=20)
        go_on.release()
