import asyncio
import os
from pathlib import Path

import pytest

from mestore.notifications.adapters.files import MailFiles, folder_of
from tests.notifications.messages import mail, read


def tree(directory: Path) -> list[str]:
    """Return every path under a directory, relative to it."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


async def test_a_mail_is_one_file_in_the_folder_of_its_recipient(mail_files: MailFiles) -> None:
    await mail_files.send(mail())

    assert tree(mail_files.directory) == [
        "ana@example.com",
        "ana@example.com/12-order_paid.eml",
    ]
    path = mail_files.directory / "ana@example.com" / "12-order_paid.eml"
    message = read(path.read_bytes())
    assert message["From"] == "MeStore <no-reply@example.com>"
    assert message["Subject"] == "Pago aprobado"


async def test_a_mail_sent_again_is_the_same_file(mail_files: MailFiles) -> None:
    await asyncio.gather(*(mail_files.send(mail()) for _ in range(5)))

    assert tree(mail_files.directory) == [
        "ana@example.com",
        "ana@example.com/12-order_paid.eml",
    ]


async def test_who_reads_meanwhile_never_sees_half_a_mail(mail_files: MailFiles) -> None:
    path = mail_files.directory / "ana@example.com" / "12-order_paid.eml"
    long = mail(text="Línea\n" * 50_000)
    await mail_files.send(long)
    whole = len(path.read_bytes())

    writing = asyncio.gather(*(mail_files.send(long) for _ in range(10)))
    while not writing.done():
        assert len(path.read_bytes()) == whole
        assert os.listdir(path.parent) == [path.name]
        await asyncio.sleep(0)
    await writing


async def test_a_file_that_cannot_be_written_leaves_nothing(mail_files: MailFiles) -> None:
    in_the_way = mail_files.directory / "ana@example.com" / "12-order_paid.eml"
    in_the_way.mkdir(parents=True)
    before = tree(mail_files.directory)

    with pytest.raises(IsADirectoryError):
        await mail_files.send(mail())

    assert tree(mail_files.directory) == before


@pytest.mark.parametrize(
    ("recipient", "folder"),
    [
        ("ana+tienda@example.com", "ana+tienda@example.com"),
        ("a/./b@example.com", "a%2F.%2Fb@example.com"),
        ("../../../ana@example.com", "..%2F..%2F..%2Fana@example.com"),
        ("ñandú@example.com", "%C3%B1and%C3%BA@example.com"),
        ("a%2Fb@example.com", "a%252Fb@example.com"),
    ],
)
def test_an_address_names_one_folder_below_the_directory(recipient: str, folder: str) -> None:
    assert folder_of(recipient) == folder
    assert Path(folder_of(recipient)).name == folder


def test_a_long_address_has_a_folder_of_its_own() -> None:
    first, second = (folder_of(f"{'ñ' * 60}{end}@example.com") for end in "ab")

    assert first != second
    assert len(first) == len(second) == 64


async def test_an_address_that_is_none_makes_no_folder(mail_files: MailFiles) -> None:
    with pytest.raises(ValueError, match="@-sign"):
        await mail_files.send(mail(recipient=".."))

    assert not mail_files.directory.exists()
