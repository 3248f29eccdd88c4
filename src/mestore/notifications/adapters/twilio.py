"""SMS through Twilio's REST API, version 2010-04-01.

Facts: www.twilio.com/docs/messaging/api/message-resource and /docs/api/errors.
"""

from dataclasses import dataclass, field

import httpx2
import msgspec

from mestore.notifications.errors import SmsNotTaken, SmsRefused
from mestore.notifications.types import Sms

_SERVICE = "MG"


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """The account that pays, and who messages come from: a number or a messaging service."""

    sid: str
    token: str = field(repr=False)
    sender: str

    @property
    def sender_field(self) -> str:
        """The form field that names the sender."""
        return "MessagingServiceSid" if self.sender.startswith(_SERVICE) else "From"


class _Refusal(msgspec.Struct):
    """The body of an error; its message may repeat what was sent, so it is left out."""

    code: int


class TwilioSms:
    """Sends messages through one account; Twilio has no key that would make a retry one with it."""

    def __init__(self, account: TwilioAccount, http: httpx2.AsyncClient, base_url: str) -> None:
        self.account = account
        self.http = http
        self.url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account.sid}/Messages.json"

    async def send(self, sms: Sms) -> None:
        """Hand a message over; after `SmsNotTaken` nobody got it or nobody knows."""
        form = {
            "To": sms.recipient,
            self.account.sender_field: self.account.sender,
            "Body": sms.text,
        }
        credentials = (self.account.sid, self.account.token)
        try:
            response = await self.http.post(self.url, data=form, auth=credentials)
        except httpx2.HTTPError as error:
            raise SmsNotTaken(reason=type(error).__name__) from error
        if response.is_success:
            return
        # 400 is about this message; anything else is about the account, its limits or Twilio.
        kind = SmsRefused if response.status_code == 400 else SmsNotTaken
        raise kind(reason=_reason(response))


def _reason(response: httpx2.Response) -> str:
    try:
        code = msgspec.json.decode(response.content, type=_Refusal).code
    except (msgspec.MsgspecError, ValueError):
        return f"status {response.status_code}"
    return f"status {response.status_code}, code {code}"
