"""The ways of paying that Wompi shares with Bancolombia and Daviplata."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mestore.kernel.clock import now
from mestore.payments.adapters.wompi import WompiGateway
from mestore.payments.errors import Declined
from mestore.payments.types import AttemptStatus, PaymentMethod
from tests.payments.conftest import WompiSandbox

TRANSFER = PaymentMethod.BANCOLOMBIA_TRANSFER
COLLECT = PaymentMethod.BANCOLOMBIA_COLLECT
DAVIPLATA = PaymentMethod.DAVIPLATA


@pytest.mark.parametrize("method", [TRANSFER, DAVIPLATA])
async def test_the_page_to_go_on_with_shows_up_while_it_is_polled(
    gateway: WompiGateway, sandbox: WompiSandbox, wompi_url: str, method: PaymentMethod
) -> None:
    opened = await gateway.start(sandbox.charge(method))
    first = await gateway.fetch(opened.transaction_id)
    second = await gateway.fetch(opened.transaction_id)

    assert (opened.payment_url, first.payment_url) == (None, None)
    assert second.payment_url == f"{wompi_url}/bank/{opened.transaction_id}"
    page = sandbox.shop.http.get(second.payment_url)
    assert page.status_code == 200

    sandbox.shop.http.post(f"{second.payment_url}/approve")
    assert (await gateway.fetch(opened.transaction_id)).status is AttemptStatus.APPROVED


async def test_a_transfer_is_sent_without_quotes_and_with_the_way_back(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    await gateway.start(replace(sandbox.charge(TRANSFER), description="Pedido de O'Neill"))

    [sent] = sandbox.transactions()
    del sent["payment_method"]["extra"]
    assert sent["payment_method"] == {
        "type": "BANCOLOMBIA_TRANSFER",
        "user_type": "PERSON",
        "payment_description": "Pedido de ONeill",
        "ecommerce_url": "https://shop.example/return",
    }


async def test_cash_at_an_agent_has_a_voucher_with_agreement_number_and_end(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    end = (now() + timedelta(days=3)).replace(microsecond=0)
    opened = await gateway.start(replace(sandbox.charge(COLLECT), expires_at=end))
    assert opened.voucher is None
    await gateway.fetch(opened.transaction_id)

    voucher = (await gateway.fetch(opened.transaction_id)).voucher

    assert voucher is not None
    assert voucher.agreement == "95180"
    assert voucher.reference.isdigit()
    assert voucher.expires_at == end


async def test_daviplata_without_a_document_is_declined_by_name(
    gateway: WompiGateway, sandbox: WompiSandbox
) -> None:
    with pytest.raises(Declined, match="user_legal_id"):
        await gateway.start(replace(sandbox.charge(DAVIPLATA), details={}))

    assert sandbox.references() == []
