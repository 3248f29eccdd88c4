"""How a trace becomes a plan: every value of it comes from somewhere."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bench.pgbench import script
from bench.plan import SMALLEST_ID, Plan, Said, Untraceable, Verb, plan_of

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)
BUYER, PRODUCT, VENDOR, FRESH = (UUID(int=number) for number in range(1, 5))
ORDER, ITEM = SMALLEST_ID, SMALLEST_ID + 1

SAID = [
    Said(Verb.BEGIN),
    Said(Verb.FETCH, "find v of p by $1::UUID", [(PRODUCT,)], [(VENDOR, 3)]),
    Said(
        Verb.FETCH,
        "put into o VALUES ($1::VARCHAR, $2::UUID, $3::TIMESTAMPTZ, $4::TIMESTAMPTZ) RETURNING id",
        [("ORD-1", BUYER, MOMENT, MOMENT + timedelta(minutes=30, milliseconds=4))],
        [(ORDER,)],
    ),
    Said(Verb.MANY, "put into i VALUES ($1, $2, $3)", [(ORDER, VENDOR, 1), (ORDER, FRESH, 2)]),
    Said(Verb.FETCH, "find id of i by $1", [(ORDER,)], [(ITEM,), (ITEM + 1,)]),
    Said(Verb.MANY, "put into c VALUES ($1, $2)", [(ITEM, "it's"), (ITEM + 1, None)]),
    Said(Verb.COMMIT),
]


@pytest.fixture
def plan() -> Plan:
    return plan_of(
        SAID,
        given={"buyer": BUYER, "product": PRODUCT},
        moment=MOMENT,
        fresh_text="ORD-1",
        results={"id": ORDER, "order_number": "ORD-1"},
    )


def test_a_plan_has_the_statements_of_its_trace(plan: Plan) -> None:
    assert [(step.verb, step.sql) for step in plan.steps] == [(one.verb, one.sql) for one in SAID]


def test_ids_come_from_the_request_or_from_an_earlier_answer(plan: Plan) -> None:
    _, select, order, items, ids, commissions, _ = plan.steps
    assert select.takes == [[plan.given["product"]]]
    assert order.takes[0][1] == plan.given["buyer"]
    ((_, _, vendor),) = select.fills
    ((row, column, order_id),) = order.fills
    assert (row, column) == (0, 0)
    assert [taken[:2] for taken in items.takes] == [[order_id, vendor], [order_id, plan.new_ids[0]]]
    assert ids.takes == [[order_id]]
    assert [fill[:2] for fill in ids.fills] == [(0, 0), (1, 0)]
    assert [taken[0] for taken in commissions.takes] == [fill[2] for fill in ids.fills]
    assert plan.results == {"id": order_id, "order_number": plan.new_text[0]}


def test_times_are_counted_from_now_and_other_values_stay(plan: Plan) -> None:
    _, _, order, items, *_ = plan.steps
    assert dict(plan.times) == {order.takes[0][2]: 0, order.takes[0][3]: 1800}
    assert [plan.constants[taken[2]] for taken in items.takes] == [1, 2]


def test_an_id_that_nothing_told_is_refused() -> None:
    with pytest.raises(Untraceable):
        plan_of([Said(Verb.FETCH, "find $1", [(ORDER,)])], given={}, moment=MOMENT)


def test_a_pgbench_script_passes_on_what_one_row_returned(plan: Plan) -> None:
    registers: list[object] = list(plan.constants)
    registers[plan.given["buyer"]] = BUYER
    registers[plan.given["product"]] = PRODUCT
    ((_, _, vendor),) = plan.steps[1].fills
    ((_, _, order),) = plan.steps[2].fills
    registers[vendor] = VENDOR
    items = [fill[2] for fill in plan.steps[4].fills]
    lines = script(plan, registers, {order, *items}).splitlines()
    assert lines[0] == f"\\set fresh random({SMALLEST_ID}, {2**62})"
    assert lines[1:3] == ["BEGIN;", f"find v of p by '{PRODUCT}'::UUID;"]
    assert lines[3].startswith("put into o VALUES (('B-' || :fresh::bigint)::VARCHAR, ")
    assert lines[3].endswith(f" RETURNING id AS v{order} \\gset")
    assert "(now() + interval '1800.0 s')::TIMESTAMPTZ" in lines[3]
    assert lines[4] == f"put into i VALUES (:v{order}::bigint, '{VENDOR}', 1);"
    assert lines[6:8] == [f"\\set v{item} random({SMALLEST_ID}, {2**62})" for item in items]
    assert lines[9:] == [
        f"put into c VALUES (:v{items[0]}::bigint, 'it''s');",
        f"put into c VALUES (:v{items[1]}::bigint, NULL);",
        "COMMIT;",
    ]
