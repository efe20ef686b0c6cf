"""Errands at a list service, one fact each. What each method promises is written in pipeline.errands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from pipeline.errands import Errand, Step
from pipeline.store import facts
from pipeline.store.engine import transaction

__all__ = ["SqlErrands"]

_NOTHING = "-"
_PREFIX = "errand "


class SqlErrands:
    """Keep errands in SQL (an ErrandLedger)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def errand(self, campaign_id: str) -> Errand | None:
        """Answer what was last noted."""
        with transaction(self._engine) as connection:
            return _read(facts.read(connection, _name(campaign_id)))

    def errands(self) -> Mapping[str, Errand]:
        """Answer what was last noted, for every campaign."""
        with transaction(self._engine) as connection:
            rows = facts.beginning(connection, _PREFIX)
        read = {name.removeprefix(_PREFIX): _read(value) for name, value in rows.items()}
        return {name: errand for name, errand in read.items() if errand is not None}

    def note(self, campaign_id: str, before: Errand | None, after: Errand | None) -> bool:
        """Note an errand, if nobody else did meanwhile."""
        name = _name(campaign_id)
        with transaction(self._engine) as connection:
            if _read(facts.remember(connection, name, _NOTHING)) != before:
                return False
            facts.write(connection, name, _NOTHING if after is None else _write(after))
            return True


def _name(campaign_id: str) -> str:
    return f"{_PREFIX}{campaign_id}"


def _write(errand: Errand) -> str:
    return f"{errand.step} {errand.remote_id or '-'} {errand.at.isoformat()}"


def _read(value: str | None) -> Errand | None:
    if value is None or value == _NOTHING:
        return None
    step, remote_id, at = value.split(" ")
    return Errand(
        step=Step(step), remote_id="" if remote_id == "-" else remote_id, at=datetime.fromisoformat(at)
    )
