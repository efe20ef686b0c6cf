"""Senders: who lives is left alone, who died is known to be dead at once, and nothing is said of others."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.mail.senders import Sender

_CHILD = """
import sys
from pathlib import Path
from pipeline.mail.senders import Sender
with Sender(Path(sys.argv[1])) as sender:
    print(sender.name, flush=True)
    sys.stdin.read()
"""


def test_a_sender_knows_itself_and_its_neighbours_to_be_alive(tmp_path: Path) -> None:
    with Sender(tmp_path) as one, Sender(tmp_path) as other:
        assert one.name != other.name
        assert one.dead({one.name, other.name}) == frozenset()
        assert other.dead({one.name, other.name}) == frozenset()


def test_a_sender_that_has_ended_is_dead(tmp_path: Path) -> None:
    with Sender(tmp_path) as one:
        with Sender(tmp_path) as other:
            pass
        assert one.dead({other.name}) == {other.name}
        assert one.dead([]) == frozenset()


def test_a_sender_that_failed_leaves_no_file(tmp_path: Path) -> None:
    with contextlib.suppress(ZeroDivisionError), Sender(tmp_path):
        _ = 1 // 0
    assert [file.name for file in tmp_path.iterdir()] == ["place"]


def test_about_senders_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    with Sender(tmp_path / "here") as one, Sender(tmp_path / "there") as other:
        pass
    with Sender(tmp_path / "here") as judge:
        assert judge.dead({one.name, other.name, "somebody", "", "../../etc/passwd"}) == {one.name}


def test_a_name_from_the_store_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("x")
    with Sender(tmp_path / "senders") as one:
        place = one.name.partition(".")[0]
        assert one.dead({f"{place}./../../outside"}) == {f"{place}./../../outside"}, (
            "looked for and not found"
        )


def test_a_killed_process_is_dead_at_once(tmp_path: Path) -> None:
    with Sender(tmp_path) as judge:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        with child:
            assert child.stdout is not None
            name = child.stdout.readline().strip()
            assert judge.dead({name}) == frozenset()
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        assert judge.dead({name}) == {name}


def test_looking_whether_somebody_lives_does_not_make_them_look_alive(tmp_path: Path) -> None:
    with Sender(tmp_path) as one, Sender(tmp_path) as other:
        name = other.name
        for _ in range(5):
            assert one.dead({name}) == frozenset()
    with Sender(tmp_path) as one:
        (tmp_path / name).touch()
        for _ in range(5):
            assert one.dead({name}) == {name}
        assert not (tmp_path / name).exists(), "what the dead leave behind is swept up"


def test_all_who_begin_at_once_are_at_the_same_place(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def begin(_: int) -> Sender:
        start.wait()
        return Sender(tmp_path / "new" / "senders")

    with ThreadPoolExecutor(8) as pool:
        senders = list(pool.map(begin, range(8)))
    assert len({sender.name for sender in senders}) == 8
    assert len({sender.name.partition(".")[0] for sender in senders}) == 1
    assert senders[0].dead({one.name for one in senders}) == frozenset()
    for sender in senders:
        sender.__exit__(None, None, None)
