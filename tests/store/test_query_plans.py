"""What the delivery loop asks the store costs the same in a list of any size: an index answers, nothing is sorted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event

from pipeline.ledger import DeliveryState, Settlement
from pipeline.store.engine import connect
from tests.builders import NOW
from tests.store.books import LEASE, Books

Step = Callable[[Books, str], object]

STEPS: dict[str, Step] = {
    "claim": lambda books, identity: books.claim(identity, "one", 2),
    "settle": lambda books, identity: books.ledger.settle(
        "one",
        [
            Settlement(delivery_id=1, state=DeliveryState.ACCEPTED),
            Settlement(delivery_id=2, state=DeliveryState.WAITING),
        ],
        [3],
        now=NOW,
        until=NOW + LEASE,
    ),
    "owners": lambda books, identity: books.ledger.owners(),
    "reap": lambda books, identity: books.ledger.reap(NOW, frozenset({"dead", "gone"})),
    "next_due": lambda books, identity: books.ledger.next_due(identity),
    "tally": lambda books, identity: books.ledger.tally(identity),
    "finish": lambda books, identity: books.ledger.finish(identity, NOW),
    "decide": lambda books, identity: books.ledger.decide([1, 2, 3], resend=True, now=NOW),
}


@pytest.mark.parametrize("name", STEPS)
def test_no_step_of_the_loop_reads_all_deliveries_or_sorts_them(tmp_path: Path, name: str) -> None:
    engine = connect("sqlite:///list.sqlite", tmp_path)
    try:
        books = Books(engine)
        identity = books.sending(5)
        asked: list[tuple[str, object]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            asked.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        STEPS[name](books, identity)
        event.remove(engine, "before_cursor_execute", note)

        plans: list[str] = []
        with engine.begin() as connection:
            for statement, parameters in asked:
                if statement.startswith(("SELECT", "UPDATE")):
                    one = parameters[0] if isinstance(parameters, list) else parameters
                    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one).all()
                    plans += [row.detail for row in rows]
    finally:
        engine.dispose()
    assert plans
    assert any("deliveries" in plan for plan in plans)
    assert not [plan for plan in plans if plan.startswith("SCAN deliveries") and "COVERING" not in plan]
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]
