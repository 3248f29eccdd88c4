"""What rules would take of a sale that nobody made, and why each of them does or does not."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from mestore.commissions.errors import UnknownInSimulation
from mestore.commissions.repository.rules import RuleRepository
from mestore.commissions.rules import fees, why_not, winners
from mestore.commissions.types import CommissionPolicy, Miss, Sale, Scenario, Simulation, Verdict
from mestore.commissions.views.facts import (
    ShownProduct,
    lineage,
    month_begin,
    plan_of,
    sales_of,
    shown_product,
)
from mestore.kernel.db import Tx
from mestore.kernel.money import divide_half_up

GENERAL_TAX_RATE = 19


async def simulate(tx: Tx, scenario: Scenario) -> Simulation:
    """Hold a sale against all rules; nothing is written."""
    policy = tx.policy(CommissionPolicy)
    sale = await _sale(tx.connection, scenario, policy)
    rules = await RuleRepository(tx.connection).all()
    won = {rule.id for rule in winners(rules, sale).values()}
    verdicts = tuple(
        Verdict(rule, None if rule.id in won else why_not(rule, sale) or Miss.RULE_ABOVE_WON)
        for rule in rules
    )
    return Simulation(sale, tuple(fees(rules, sale, policy)), verdicts)


async def _sale(connection: AsyncConnection, scenario: Scenario, policy: CommissionPolicy) -> Sale:
    product = await _product(connection, scenario)
    vendor_id = scenario.vendor_id or (product.vendor_id if product else None)
    price = scenario.price_minor
    if product is not None:
        price = product.price_minor if price is None else price
    if vendor_id is None or price is None:
        raise UnknownInSimulation(field="product_id", unknown="-")
    is_vendor, plan_id = await plan_of(connection, vendor_id)
    if not is_vendor:
        raise UnknownInSimulation(field="vendor_id", unknown=vendor_id)
    sold = await sales_of(connection, [vendor_id], month_begin(scenario.at), scenario.at)
    net, gross = _with_tax(price * scenario.quantity, _rate(scenario, product), policy)
    return Sale(
        vendor_id=vendor_id,
        net_minor=net,
        gross_minor=gross,
        unit_price_minor=price,
        quantity=scenario.quantity,
        at=scenario.at,
        product_id=scenario.product_id,
        brand_key=scenario.brand_key or (product.brand_key if product else None),
        category_ids=await _categories(connection, scenario, product),
        plan_id=plan_id,
        month_sales_minor=sold.get(vendor_id, 0),
    )


async def _product(connection: AsyncConnection, scenario: Scenario) -> ShownProduct | None:
    if scenario.product_id is None:
        return None
    found = await shown_product(connection, scenario.product_id)
    if found is None or scenario.vendor_id not in {None, found.vendor_id}:
        raise UnknownInSimulation(field="product_id", unknown=scenario.product_id)
    return found


async def _categories(
    connection: AsyncConnection, scenario: Scenario, product: ShownProduct | None
) -> frozenset[UUID]:
    wanted = scenario.category_id or (product.category_id if product else None)
    found = frozenset[UUID]() if wanted is None else await lineage(connection, wanted)
    if scenario.category_id is not None and not found:
        raise UnknownInSimulation(field="category_id", unknown=scenario.category_id)
    return found


def _rate(scenario: Scenario, product: ShownProduct | None) -> int:
    if scenario.tax_rate is not None:
        return scenario.tax_rate
    return product.tax_rate if product else GENERAL_TAX_RATE


def _with_tax(total_minor: int, tax_rate: int, policy: CommissionPolicy) -> tuple[int, int]:
    """Return a line without and with its IVA, as `pricing.service.line_tax` has it."""
    if policy.prices_include_tax:
        return divide_half_up(total_minor * 100, 100 + tax_rate), total_minor
    return total_minor, total_minor + divide_half_up(total_minor * tax_rate, 100)
