"""Settings: what production refuses, and what stands in for what is left out."""

from pathlib import Path
from typing import Any

import pytest

from mestore import bootstrap
from mestore.accounts.types.verification import VerificationPolicy
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.notifications.adapters.twilio import TwilioSms
from mestore.settings import Environment, Settings

TWILIO: dict[str, Any] = {
    "twilio_account_sid": "AC0123",
    "twilio_auth_token": "sample-token",
    "twilio_from": "+573000000000",
}


def settings(**values: Any) -> Settings:  # noqa: ANN401  any setting
    """Return settings that read no environment file."""
    return Settings(_env_file=None, **values)


def problems(**values: Any) -> list[str]:  # noqa: ANN401  any setting
    """Return the names of the settings that production refuses."""
    found = settings(environment=Environment.PRODUCTION, **values).problems()
    return [problem.split(":")[0] for problem in found]


def test_production_takes_no_development_code() -> None:
    production = settings(environment=Environment.PRODUCTION)
    assert production.takes_development_code is False
    assert "DEVELOPMENT_CODE" not in problems()
    assert "DEVELOPMENT_CODE" in problems(development_code=True)


@pytest.mark.parametrize("environment", [Environment.DEVELOPMENT, Environment.TESTING])
def test_elsewhere_the_development_code_is_taken(environment: Environment) -> None:
    assert settings(environment=environment).takes_development_code is True
    refusing = settings(environment=environment, development_code=False)
    assert refusing.takes_development_code is False
    assert settings(environment=environment, development_code=True).problems() == []


def test_production_refuses_half_an_sms_account_and_the_simulator() -> None:
    assert "TWILIO_*" in problems(twilio_account_sid="AC0123")
    assert "TWILIO_*" not in problems(**TWILIO)
    assert "TWILIO_BASE_URL" not in problems(**TWILIO)
    simulated = problems(**TWILIO, twilio_base_url="http://127.0.0.1:8011")
    assert "TWILIO_BASE_URL" in simulated


async def test_an_account_is_what_makes_sms_leave(tmp_path: Path) -> None:
    for values, kind in (({}, SmsLog), (TWILIO, TwilioSms)):
        app = bootstrap.build(settings(data_dir=tmp_path, **values))
        assert type(app.sms) is kind
        await app.close()


async def test_links_lead_to_the_storefront_or_else_to_the_api(tmp_path: Path) -> None:
    for values, address in (
        ({"base_url": "https://api.example.com/"}, "https://api.example.com"),
        ({"storefront_url": "https://shop.example.com/"}, "https://shop.example.com"),
        ({"storefront_url": ""}, "http://127.0.0.1:8000"),
    ):
        app = bootstrap.build(settings(data_dir=tmp_path, **values))
        policy = app.database.policies[VerificationPolicy]
        assert isinstance(policy, VerificationPolicy)
        assert (policy.storefront_url, policy.development_code) == (address, "123456")
        await app.close()


def test_production_refuses_half_a_stripe_account_and_its_simulator(tmp_path: Path) -> None:
    stripe: dict[str, Any] = {
        "stripe_publishable_key": "pk_live_0123",
        "stripe_secret_key": "sk_live_0123",
        "stripe_webhook_secret": "whsec_0123",
    }
    assert not {"STRIPE_*", "STRIPE_BASE_URL"} & set(problems(**stripe))
    assert "STRIPE_*" in problems(stripe_secret_key="sk_live_0123")  # noqa: S106  made up
    assert "STRIPE_*" in problems(**stripe | {"stripe_secret_key": "sk_test_mestore_simulator"})
    assert "STRIPE_BASE_URL" in problems(**stripe, stripe_base_url="http://127.0.0.1:8012")


async def test_stripe_is_a_gateway_where_all_its_keys_are_set(tmp_path: Path) -> None:
    keys = {"stripe_publishable_key": "pk_test_0", "stripe_secret_key": "sk_test_0"}
    for webhook, names in ((None, {"wompi"}), ("whsec_0", {"wompi", "stripe"})):
        app = bootstrap.build(settings(data_dir=tmp_path, stripe_webhook_secret=webhook, **keys))
        assert names <= set(app.gateways)
        assert ("stripe" in app.gateways) == (webhook is not None)
        await app.close()
