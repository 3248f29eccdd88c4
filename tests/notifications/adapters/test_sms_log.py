"""SMS without a provider: lines in the log that give no number away, in production no text."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from mestore.notifications.adapters.sms_log import SmsLog, masked
from mestore.notifications.types import Sms

SMS = Sms("+573001234567", "MeStore: tu código es 024680.")


@pytest.mark.parametrize(("shows_text", "shown"), [(True, {"text": SMS.text}), (False, {})])
async def test_a_message_is_a_line(shows_text: bool, shown: dict[str, Any]) -> None:
    with capture_logs() as lines:
        await SmsLog(shows_text=shows_text).send(SMS)
    line = {"event": "sms_to_nobody", "log_level": "info", "number": "*********4567"}
    assert lines == [line | shown]


def test_a_number_keeps_its_last_four_digits() -> None:
    assert masked("+573001234567") == "*********4567"
