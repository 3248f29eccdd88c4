"""What people got: mails as files, SMS at the stand-in, and the secrets in them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import select

from mestore.kernel.columns import Base
from mestore.kernel.db import Database
from tests.notifications.messages import read

CODE = re.compile(r"\b[0-9]{6}\b")
TOKEN = re.compile(r"\?token=([\w-]+)")


@dataclass(frozen=True, slots=True)
class Inbox:
    """Reads the folder of a `MailFiles` channel and the messages of a Twilio simulator."""

    folder: Path
    sms_url: str

    def texts(self, recipient: str, kind: str) -> list[str]:
        """Return the texts of the mails of one kind to an address, the oldest first."""
        found = sorted((self.folder / recipient).glob(f"*-{kind}.eml"))
        bodies = (read(path.read_bytes()).get_body(("plain",)) for path in found)
        return [body.get_content().replace("\r\n", "\n") for body in bodies if body is not None]

    def code(self, recipient: str) -> str:
        """Return the code of the last mail to an address."""
        return str(CODE.findall(self.texts(recipient, "email_code")[-1])[0])

    def token(self, recipient: str, kind: str) -> str:
        """Return the token of the link in the last mail of one kind to an address."""
        return str(TOKEN.findall(self.texts(recipient, kind)[-1])[0])

    def sms(self) -> list[dict[str, Any]]:
        """Return the messages that the provider took, the oldest first."""
        answer = httpx2.get(f"{self.sms_url}/_control/messages", trust_env=False)
        messages: list[dict[str, Any]] = answer.json()["data"]
        return messages

    def sms_code(self) -> str:
        """Return the code of the last SMS."""
        return str(CODE.findall(self.sms()[-1]["body"])[0])

    def break_sms(self, fault: str, times: int = 1) -> None:
        """Let the provider fail."""
        body = {"fault": fault, "times": times}
        httpx2.post(f"{self.sms_url}/_control/faults", json=body, trust_env=False)


def wrong(code: str) -> str:
    """Return another code that development does not take either."""
    return "000000" if code != "000000" else "000001"


async def is_stored(database: Database, secret: str) -> bool:
    """Say whether a text stands, by itself, anywhere in any column of any table."""
    alone = re.compile(rf"(?<![0-9a-zA-Z._-]){re.escape(secret)}(?![0-9a-zA-Z_-])")
    async with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                values = [value for value in row if isinstance(value, str | bytes | dict | int)]
                if alone.search(repr(values)):
                    return True
    return False
