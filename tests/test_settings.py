"""Settings: what production refuses, and what stands in for what is left out."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mestore import bootstrap
from mestore.accounts.types.verification import VerificationPolicy
from mestore.catalog.types import ImagePolicy
from mestore.checkout.types import PaymentWindows
from mestore.media.adapters.cloudinary import CloudinaryBlobs
from mestore.media.adapters.disk import DiskBlobs
from mestore.media.adapters.s3 import S3Blobs
from mestore.notifications.adapters.sms_log import SmsLog
from mestore.notifications.adapters.twilio import TwilioSms
from mestore.payments.types import PaymentMethod
from mestore.payments.types.screening import FraudPolicy
from mestore.refunds.types import QueuePolicy
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


async def test_wompi_gives_back_by_its_refunds_api_what_the_setting_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, pse = PaymentMethod.CARD, PaymentMethod.PSE
    for text, parts in (("", frozenset()), ("CARD, PSE", {card, pse})):
        monkeypatch.setenv("WOMPI_REFUND_METHODS", text)
        app = bootstrap.build(settings(data_dir=tmp_path))
        profile = app.gateways["wompi"].profile
        assert profile.partly_refundable == parts
        assert profile.refundable == {card, *parts}
        await app.close()
    with pytest.raises(ValidationError):
        settings(wompi_refund_methods="BALOTO")


PAYOUTS: dict[str, Any] = {
    "wompi_payouts_api_key": "sample-key",
    "wompi_payouts_user_principal_id": "sample-user",
    "wompi_payouts_events_secret": "sample-secret",
    "wompi_payouts_account_id": "sample-account",
}


def test_production_refuses_half_a_payouts_account_and_the_simulator() -> None:
    assert "WOMPI_PAYOUTS_*" in problems(wompi_payouts_api_key="sample-key")
    assert not [name for name in problems(**PAYOUTS) if "PAYOUTS" in name]
    local = "http://127.0.0.1:8015/v1"
    assert "WOMPI_PAYOUTS_BASE_URL" in problems(**PAYOUTS, wompi_payouts_base_url=local)
    borrowed = PAYOUTS | {"wompi_payouts_api_key": "payouts_mestore_simulator"}
    assert "WOMPI_PAYOUTS_*" in problems(**borrowed)


async def test_without_keys_there_is_no_payout_provider(tmp_path: Path) -> None:
    for values, is_there in (({}, False), (PAYOUTS, True)):
        app = bootstrap.build(settings(data_dir=tmp_path, **values))
        assert (app.payouts.provider is not None) is is_there
        await app.close()


PAYU: dict[str, Any] = {
    "payu_base_url": "https://api.payulatam.com",
    "payu_merchant_id": "700001",
    "payu_account_id": "700002",
    "payu_api_login": "login-0123",
    "payu_api_key": "key-0123",
}


def test_production_refuses_half_a_payu_account_and_those_for_tests() -> None:
    names = {"PAYU_*", "PAYU_BASE_URL", "PAYU_MERCHANT_ID", "PAYU_API_KEY"}
    assert not names & set(problems())
    assert not names & set(problems(**PAYU))
    assert "PAYU_*" in problems(payu_api_key="key-0123")
    for name, value, problem in (
        ("payu_base_url", "http://127.0.0.1:8013", "PAYU_BASE_URL"),
        ("payu_base_url", "https://sandbox.api.payulatam.com", "PAYU_BASE_URL"),
        ("payu_merchant_id", "508029", "PAYU_MERCHANT_ID"),
        ("payu_merchant_id", "900001", "PAYU_MERCHANT_ID"),
        ("payu_api_key", "4Vj8eK4rloUd272L48hsrarnUA", "PAYU_API_KEY"),
        ("payu_api_key", "payu_key_mestore_simulator", "PAYU_API_KEY"),
    ):
        assert problem in problems(**PAYU | {name: value})


@pytest.mark.parametrize("environment", list(Environment))
async def test_simulators_stand_in_for_payu_and_stripe_in_development_alone(
    tmp_path: Path, environment: Environment
) -> None:
    app = bootstrap.build(settings(data_dir=tmp_path, environment=environment))
    is_development = environment is Environment.DEVELOPMENT
    assert ({"payu", "stripe"} <= set(app.gateways)) is is_development
    # Whoever names no gateway pays at Wompi what Wompi takes.
    assert next(iter(app.gateways)) == "wompi"
    await app.close()


async def test_a_part_of_an_account_is_not_filled_up_with_the_simulators(tmp_path: Path) -> None:
    values = {"payu_api_key": "key-0123", "stripe_secret_key": "sk_test_0"}
    app = bootstrap.build(settings(data_dir=tmp_path, **values))
    assert not {"payu", "stripe"} & set(app.gateways)
    await app.close()


async def test_payments_wait_as_long_as_the_settings_say(tmp_path: Path) -> None:
    app = bootstrap.build(
        settings(
            data_dir=tmp_path,
            unpaid_order_minutes=45,
            pse_order_hours=12,
            cash_order_hours=48,
            cash_grace_hours=6,
            reviewed_order_hours=3,
            stranded_money_hours=5,
            fraud_review_from=30,
            fraud_refuse_from=70,
            fraud_review_hours=8,
            fraud_trace_days=60,
        )
    )
    windows = app.database.policy(PaymentWindows)
    assert windows == PaymentWindows(
        *(timedelta(hours=hours) for hours in (0.75, 12, 48, 6, 3)),
    )
    assert app.database.policy(QueuePolicy) == QueuePolicy(timedelta(hours=5))
    fraud = app.database.policy(FraudPolicy)
    assert (fraud.review_from, fraud.refuse_from) == (30, 70)
    assert (fraud.review_within, fraud.keep_traces) == (timedelta(hours=8), timedelta(days=60))
    # Keyed with the secret of this program, which is another one elsewhere.
    assert fraud.key not in {b"", FraudPolicy().key}
    await app.close()


@pytest.mark.parametrize(
    "values",
    [
        {"unpaid_order_minutes": 4},
        {"pse_order_hours": 73},
        {"cash_order_hours": 169},
        {"cash_grace_hours": -1},
        {"stranded_money_hours": 721},
        {"fraud_review_from": 0},
        {"fraud_refuse_from": 101},
        {"fraud_review_from": 60, "fraud_refuse_from": 59},
        {"fraud_review_hours": 169},
        {"reviewed_order_hours": 0},
        # The longest window of a rule is thirty days.
        {"fraud_trace_days": 29},
    ],
)
def test_waits_and_scores_have_bounds(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"media_store": "s3"}, "S3_BUCKET"),
        (
            {"media_store": "s3", "s3_bucket": "b", "s3_access_key_id": "k"},
            "S3_SECRET_ACCESS_KEY",
        ),
        ({"media_store": "cloudinary", "cloudinary_cloud_name": "c"}, "CLOUDINARY_API_SECRET"),
        ({"media_store": "cloudinary", "cloudinary_api_key": "k"}, "CLOUDINARY_CLOUD_NAME"),
        ({"media_store": "ftp"}, "'disk', 's3' or 'cloudinary'"),
    ],
)
def test_half_a_store_of_pictures_does_not_start_anywhere(
    values: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings(**values)
    (issue,) = refusal.value.errors()
    assert (issue["loc"], missing in issue["msg"]) == (("media_store",), True)


async def test_the_chosen_store_decides_where_browsers_find_pictures(tmp_path: Path) -> None:
    s3 = {"media_store": "s3", "s3_bucket": "shop", "s3_region": "sa-east-1"}
    cloudinary = {
        "media_store": "cloudinary",
        "cloudinary_cloud_name": "shop",
        "cloudinary_api_key": "k",
        "cloudinary_api_secret": "s",
    }
    own = "https://cdn.example.com"
    for values, kind, address in (
        ({}, DiskBlobs, "/media"),
        ({"s3_bucket": "shop", "cloudinary_cloud_name": "shop"}, DiskBlobs, "/media"),
        (s3, S3Blobs, "https://shop.s3.sa-east-1.amazonaws.com"),
        (
            s3 | {"s3_endpoint": "https://minio.example.com/"},
            S3Blobs,
            "https://minio.example.com/shop",
        ),
        (cloudinary, CloudinaryBlobs, "https://res.cloudinary.com/shop/image/upload/v1"),
        (cloudinary | {"media_url": f"{own}/m/"}, CloudinaryBlobs, f"{own}/m"),
    ):
        app = bootstrap.build(settings(data_dir=tmp_path, **values))
        assert type(app.blobs) is kind
        assert app.blobs.url("a/b.webp") == f"{address}/a/b.webp"
        assert app.database.policies[ImagePolicy] == ImagePolicy(address)
        await app.close()


def test_production_refuses_the_stand_in_of_cloudinary() -> None:
    account = {
        "media_store": "cloudinary",
        "cloudinary_cloud_name": "shop",
        "cloudinary_api_key": "k",
        "cloudinary_api_secret": "s",
    }
    simulated = {
        "cloudinary_base_url": "http://127.0.0.1:8016",
        "cloudinary_delivery_url": "http://127.0.0.1:8016",
    }
    assert not {name for name in problems(**account) if "CLOUDINARY" in name}
    found = {name for name in problems(**account, **simulated) if "CLOUDINARY" in name}
    assert found == {"CLOUDINARY_BASE_URL", "CLOUDINARY_DELIVERY_URL"}
