"""A rotation that kills itself after so many steps: python -m tests.service.rotating FOLDER STEPS."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from pipeline.clock import system_clock
from pipeline.subscribers import rotation
from pipeline.wiring import Project

rotation._BATCH = 50  # so that there are batches to be killed between


def main() -> None:
    """Rotate; die at the so-manieth call of a function that touches store, key file or suppression."""
    left = int(sys.argv[2])

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        where = Path(frame.f_code.co_filename).name
        ours = where in {"rotation.py", "facts.py"} or frame.f_code.co_name in {
            "adopt",
            "_write",
            "_keep",
            "renew",
        }
        if event in {"call", "return"} and ours:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    project = Project(root=Path(sys.argv[1]), environment={}, clock=system_clock, sleep=lambda _: None)
    assert project.keyring
    sys.setprofile(count)
    project.rotate_key(None)


if __name__ == "__main__":
    main()
