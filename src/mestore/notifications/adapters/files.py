"""Mails as files, for development: nothing leaves the machine."""

import asyncio
import hashlib
import secrets
from pathlib import Path
from urllib.parse import quote

from mestore.notifications.adapters.mime import compose, sender_of
from mestore.notifications.types import OutgoingMail

_NAME_BYTES = 255


class MailFiles:
    """Writes each mail as `<directory>/<recipient>/<mail id>-<kind>.eml`, whole or not at all."""

    def __init__(self, directory: Path, sender: str) -> None:
        self.directory = directory
        self.sender = sender_of(sender)

    async def send(self, mail: OutgoingMail) -> None:
        """Write the file of a mail; the same mail again is the same file."""
        content = bytes(compose(mail, self.sender))
        path = self.directory / folder_of(mail.recipient) / f"{mail.id}-{mail.kind}.eml"
        await asyncio.to_thread(self._write, path, content)

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Outside the recipient's folder, which holds nothing but whole mails.
        part = self.directory / f".{secrets.token_hex(8)}.part"
        try:
            part.write_bytes(content)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def folder_of(recipient: str) -> str:
    """Return the folder name of an address: itself, with what a path cannot take as `%2F`."""
    name = quote(recipient, safe="@+")
    if len(name) <= _NAME_BYTES:
        return name
    return hashlib.sha256(recipient.encode()).hexdigest()
