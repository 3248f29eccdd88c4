"""The settings of an agreement with Efecty: when it is offered, and what production refuses."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mestore import bootstrap
from mestore.payments.types import PaymentMethod
from mestore.payments.vouchers import EfectyPolicy
from mestore.settings import Environment, Settings
from mestore.settings.efecty import SIMULATOR_SECRET

OWN: dict[str, Any] = {
    "efecty_secret": "a secret of our own",
    "efecty_convenio": "110634",
    "efecty_gln": "7709998013711",
}


def settings(**values: Any) -> Settings:  # noqa: ANN401  any setting
    """Return settings that read no environment file."""
    return Settings(_env_file=None, **values)


def problems(**values: Any) -> list[str]:  # noqa: ANN401  any setting
    """Return the settings of Efecty that production refuses."""
    found = settings(environment=Environment.PRODUCTION, **values).problems_of_efecty()
    return [problem.split(":")[0] for problem in found]


def test_production_refuses_the_simulator_and_takes_an_own_agreement() -> None:
    assert problems() == []
    assert problems(**OWN) == []
    assert problems(**OWN | {"efecty_gln": ""}) == []
    assert problems(efecty_secret=SIMULATOR_SECRET) == [
        "EFECTY_SECRET",
        "EFECTY_CONVENIO",
        "EFECTY_GLN",
    ]
    assert problems(**OWN | {"efecty_secret": "short"}) == ["EFECTY_SECRET"]
    assert problems(**OWN, efecty_minimum=30, efecty_maximum=20) == ["EFECTY_MINIMUM"]


@pytest.mark.parametrize(
    ("environment", "secret", "is_offered"),
    [
        (Environment.DEVELOPMENT, None, True),
        (Environment.DEVELOPMENT, "", False),
        (Environment.TESTING, None, False),
        (Environment.PRODUCTION, None, False),
        (Environment.PRODUCTION, "a secret of our own", True),
    ],
)
async def test_it_is_offered_where_there_is_a_secret(
    tmp_path: Path, environment: Environment, secret: str | None, is_offered: bool
) -> None:
    app = bootstrap.build(
        settings(data_dir=tmp_path, environment=environment, efecty_secret=secret)
    )
    assert ("efecty" in app.gateways) is is_offered
    policy = app.database.policies[EfectyPolicy]
    assert isinstance(policy, EfectyPolicy)
    assert "secret" not in repr(policy)
    if is_offered:
        takers = [
            code for code, each in app.gateways.items() if PaymentMethod.EFECTY in each.methods
        ]
        assert takers[0] == "efecty"
    await app.close()


@pytest.mark.parametrize(
    "values",
    [
        {"efecty_gln": "7700000000001"},
        {"efecty_gln": "77"},
        {"efecty_convenio": "12"},
        {"efecty_prefix": "1"},
        {"efecty_check_digit": "mod97"},
        {"efecty_amount_digits": "9"},
        {"efecty_expiry_hours": 169},
        {"efecty_minimum": "0.5"},
    ],
)
def test_what_no_agreement_has_is_refused_at_the_start(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**values)


def test_numbers_come_as_text_from_the_environment() -> None:
    assert settings(efecty_amount_digits="14").efecty_amount_digits == 14
