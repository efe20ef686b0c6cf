"""Run every measurement, or those named: python -m tests.bench [plan freeze compose maildir smtp sign_ups …]."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure, show

_MODULES = ("planning", "collecting", "list_sending", "importing", "signing_up", "memory", "mailchimp")


def main(wanted: list[str]) -> None:
    here = Path(__file__).parent
    for name in _MODULES:
        if not (here / f"{name}.py").exists():
            continue
        module = importlib.import_module(f"tests.bench.{name}")
        for measure in module.MEASURES:
            if wanted and measure.__name__ not in wanted:
                continue
            with tempfile.TemporaryDirectory(prefix="belonging-bench-") as folder:
                figures: list[Figure] = measure(Path(folder))
                show(figures)


if __name__ == "__main__":
    main(sys.argv[1:])
