"""HTTP for the list of rules: read and arranged by the operator's staff."""

import msgspec
from fastapi import Request, Response

from mestore.commissions.deps import Managing, Overseeing
from mestore.commissions.errors import (
    RuleNotFound,
    RuleOrderMismatch,
    TooManyRules,
    UnknownInRule,
)
from mestore.commissions.schemas.answers import RuleOut, RulesOut
from mestore.commissions.schemas.bodies import RuleIn, RuleOrderIn
from mestore.commissions.service.rules import RuleService, page_rules, read_rule
from mestore.kernel.db import Tx
from mestore.kernel.errors import Forbidden, PreconditionFailed, Unauthorized
from mestore.kernel.http import Db, InTx, Paging, check_if_match, etag, refuses
from mestore.kernel.ids import RowId
from mestore.kernel.paging import InvalidPage, PageRequest, PageTooDeep
from mestore.kernel.routing import Router

router = Router(prefix="/admin/commission-rules", tags=["admin"])


@router.get(
    "",
    response_model=RulesOut,
    responses=refuses(Unauthorized, Forbidden, InvalidPage, PageTooDeep),
)
async def list_rules(_: Overseeing, paging: Paging, db: Db) -> RulesOut:
    """List the rules in their order; of each kind the first that applies to a line wins."""
    async with db.read() as connection:
        page, hidden = await page_rules(connection, paging)
    return RulesOut(
        rules=[RuleOut.of(rule, hidden) for rule in page.rows],
        pagination=msgspec.to_builtins(page.pagination),
    )


@router.post(
    "",
    status_code=201,
    responses=refuses(Unauthorized, Forbidden, UnknownInRule, TooManyRules),
)
async def add_rule(body: RuleIn, _: Managing, tx: InTx, response: Response) -> RuleOut:
    """Put a rule at the end of the list."""
    rule_id = await RuleService(tx).add(body.draft())
    response.headers["location"] = f"/api/v1/admin/commission-rules/{rule_id}"
    return await _shown(tx, rule_id, response)


@router.put(
    "/order",
    response_model=RulesOut,
    responses=refuses(Unauthorized, Forbidden, RuleOrderMismatch),
)
async def arrange_rules(body: RuleOrderIn, _: Managing, tx: InTx) -> RulesOut:
    """Put all rules in this order; the answer has the first hundred."""
    await RuleService(tx).arrange(body.rule_ids)
    page, hidden = await page_rules(tx.connection, PageRequest(per_page=100))
    return RulesOut(
        rules=[RuleOut.of(rule, hidden) for rule in page.rows],
        pagination=msgspec.to_builtins(page.pagination),
    )


@router.get("/{rule_id}", responses=refuses(Unauthorized, Forbidden, RuleNotFound))
async def get_rule(rule_id: RowId, _: Overseeing, db: Db, response: Response) -> RuleOut:
    """Read a rule."""
    async with db.read() as connection:
        rule, hidden = await read_rule(connection, rule_id)
    response.headers["etag"] = etag(rule.version)
    return RuleOut.of(rule, hidden)


@router.put(
    "/{rule_id}",
    responses=refuses(Unauthorized, Forbidden, RuleNotFound, UnknownInRule, PreconditionFailed),
)
async def replace_rule(
    rule_id: RowId, body: RuleIn, _: Managing, tx: InTx, request: Request, response: Response
) -> RuleOut:
    """Replace all of a rule at its place; commissions of orders that were placed stay."""
    service = RuleService(tx)
    before = await service.get(rule_id)
    check_if_match(request, etag(before.version))
    await service.change(before, body.draft())
    return await _shown(tx, rule_id, response)


@router.delete(
    "/{rule_id}", status_code=204, responses=refuses(Unauthorized, Forbidden, RuleNotFound)
)
async def delete_rule(rule_id: RowId, _: Managing, tx: InTx) -> None:
    """Take a rule off the list; commissions of orders that were placed stay."""
    await RuleService(tx).remove(rule_id)


async def _shown(tx: Tx, rule_id: int, response: Response) -> RuleOut:
    rule, hidden = await read_rule(tx.connection, rule_id)
    response.headers["etag"] = etag(rule.version)
    return RuleOut.of(rule, hidden)
