"""The command behind the front: Pelican's own, with our build in the place of Pelican's."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import pelican
from pelican.log import init as init_logging
from pelican.settings import read_settings

from .building import Incremental

__all__ = ["build"]


def build(words: Sequence[str], *, store: str, receipt: str, clean: bool) -> int:
    """Build a site; give the exit code.

    Args:
        words: of Pelican's command line.
        store: The folder for what is remembered.
        receipt: Where this command leaves word for the next.
        clean: Forget what is remembered.
    """
    args = pelican.parse_arguments(list(words))
    init_logging(
        level=args.verbosity,
        fatal=args.fatal,
        name="pelican",
        handler=pelican.LOG_HANDLERS[args.log_handler],
        logs_dedup_min_level=getattr(logging, args.logs_dedup_min_level),
    )
    logger = logging.getLogger("pelican")
    try:
        if args.settings is None and Path(pelican.DEFAULT_CONFIG_NAME).is_file():
            args.settings = pelican.DEFAULT_CONFIG_NAME
        built = Incremental.listening(
            lambda: read_settings(args.settings, override=pelican.get_config(args)), store=store
        )
        built.receipt, built.fresh = receipt, clean
        Path(receipt).unlink(missing_ok=True)
        built.run()
    except KeyboardInterrupt:
        logger.warning("Keyboard interrupt received. Exiting.")
        return 130
    except Exception as error:
        logger.critical("%s: %s", error.__class__.__name__, error, exc_info=True)
        return int(getattr(error, "exitcode", 1))
    return 0
