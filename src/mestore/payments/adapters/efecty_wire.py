"""What Efecty's network sends: signed messages, questions, and collection files.

The interface of an agreement is not public; the messages are those of our own proposal, and the
files are as merchants with an agreement of their own read them (payment lines "02", trailer "03").
Messages are JSON objects of texts and whole numbers. `firma` is the HMAC-SHA256, in hexadecimal, of
all other fields as `name=value`, sorted by name, one a line.
"""

import csv
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from mestore.kernel.clock import BOGOTA
from mestore.kernel.money import MAXIMUM_MINOR
from mestore.payments.errors import (
    BadSignature,
    CollectionLineInvalid,
    CollectionTooLong,
    CollectionTrailerWrong,
    CollectionUnreadable,
    NotAnEvent,
    OtherAgreement,
)
from mestore.payments.vouchers import (
    COUNTER_TIME,
    CashKind,
    CashPayment,
    CashQuestion,
    Collection,
    CollectionLine,
    bare,
)

SIGNATURE = "firma"
MOST_LINES = 5000
POINT_LENGTH = 100
KINDS = {"PAGADA": CashKind.PAID, "ANULADA": CashKind.ANNULLED}

_REFERENCE = re.compile(r"[0-9]{1,25}")
_AUTHORIZATION = re.compile(r"[A-Za-z0-9]{1,40}")
_WHOLE = re.compile(r"[0-9]{1,12}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADER, _PAYMENT, _TRAILER = "01", "02", "03"
_PAYMENT_FIELDS, _TRAILER_FIELDS = 5, 4

Fields = Mapping[str, str | int]
Value = TypeVar("Value")


def signature_of(fields: Fields, secret: str) -> str:
    """Return the signature of a message's fields."""
    text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_fields(body: bytes, secret: str, convenio: str, wanted: frozenset[str]) -> Fields:
    """Return the fields of a message that the network signed, about our own agreement."""
    fields = _plain(body)
    if not wanted | {"convenio"} <= fields.keys():
        raise NotAnEvent
    if SIGNATURE not in fields:
        raise BadSignature
    given = str(fields[SIGNATURE]).lower()
    if not hmac.compare_digest(given.encode(), signature_of(fields, secret).encode()):
        raise BadSignature
    if str(fields["convenio"]) != convenio:
        raise OtherAgreement(convenio=convenio)
    return fields


def _plain(body: bytes) -> Fields:
    try:
        fields = msgspec.json.decode(body, type=dict[str, str | int])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotAnEvent from error
    # A line break would let one field pass for two under the same signature.
    if any("\n" in f"{name}{value}" for name, value in fields.items()):
        raise NotAnEvent
    return fields


def payment_of(fields: Fields) -> CashPayment:
    """Return the payment, or the annulment of one, that a message tells of."""
    kind = KINDS.get(str(fields.get("estado", "PAGADA")))
    authorization = str(fields["autorizacion"])
    if kind is None or not _AUTHORIZATION.fullmatch(authorization):
        raise NotAnEvent
    try:
        return CashPayment(
            reference=_reference(str(fields["referencia"])),
            authorization=authorization,
            kind=kind,
            amount_minor=_amount(str(fields["valor"])),
            paid_at=_moment(str(fields["fecha"])),
            point=str(fields.get("punto", ""))[:POINT_LENGTH] or None,
        )
    except ValueError as error:
        raise NotAnEvent from error


def question_of(fields: Fields) -> CashQuestion:
    """Return what the network asks."""
    try:
        amount = fields.get("valor")
        amount_minor = None if amount is None else _amount(str(amount))
        return CashQuestion(_reference(str(fields["referencia"])), amount_minor)
    except ValueError as error:
        raise NotAnEvent from error


def collection_of(content: bytes) -> Collection:
    """Return the payments of a collection file, after comparing its trailer with its lines.

    `"02"|"reference"|pesos|yyyy-MM-dd HH:mm:ss|key 1|…|"key 5"`, then `"03"|lines|pesos|time|…`.
    Key 1 is the authorization and key 2 the point of sale; where key 1 is empty, the second of the
    payment stands for the authorization.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CollectionUnreadable from error
    if "\x00" in text:
        raise CollectionUnreadable
    rows = list(_rows(text))
    if rows and rows[0][1][0] == _HEADER:
        rows = rows[1:]
    if len(rows) < 2 or rows[-1][1][0] != _TRAILER:
        raise CollectionUnreadable
    lines = tuple(_line(*row) for row in rows[:-1])
    total = sum(line.payment.amount_minor for line in lines)
    _check_trailer(rows[-1][0], rows[-1][1], len(lines), total)
    return Collection(hashlib.sha256(content).hexdigest(), total, lines)


def _rows(text: str) -> Iterator[tuple[int, list[str], str]]:
    """Yield number, fields and text of each line that is not empty."""
    # A quoted field never spans lines here, so each line is read on its own.
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if not line.strip():
            continue
        if number > MOST_LINES + 2:
            raise CollectionTooLong(most=MOST_LINES)
        try:
            (fields,) = csv.reader([line], delimiter="|", quotechar='"', strict=True)
        except (csv.Error, ValueError) as error:
            raise CollectionLineInvalid(line=number, field="quotes") from error
        yield number, [value.strip() for value in fields], line


def _line(number: int, values: list[str], text: str) -> CollectionLine:
    if values[0] != _PAYMENT or len(values) < _PAYMENT_FIELDS:
        raise CollectionLineInvalid(line=number, field="02")
    _, reference, amount, moment, authorization, *keys = values
    paid_at = _read(number, "fecha", _moment, moment)
    if authorization and not _AUTHORIZATION.fullmatch(authorization):
        raise CollectionLineInvalid(line=number, field="clave1")
    payment = CashPayment(
        reference=_read(number, "referencia", _reference, reference),
        authorization=authorization or "F" + re.sub("[^0-9]", "", moment),
        kind=CashKind.PAID,
        amount_minor=_read(number, "valor", _amount, amount),
        paid_at=paid_at,
        point=(keys[0][:POINT_LENGTH] or None) if keys else None,
    )
    return CollectionLine(number, text, payment)


def _check_trailer(number: int, values: list[str], count: int, total_minor: int) -> None:
    if len(values) < _TRAILER_FIELDS:
        raise CollectionLineInvalid(line=number, field="03")
    said_count = _read(number, "03 count", _whole, values[1])
    said_total = _read(number, "03 total", _whole, values[2])
    if (said_count, said_total * 100) != (count, total_minor):
        raise CollectionTrailerWrong(
            said_count=said_count, said_total=said_total, count=count, total=total_minor // 100
        )


def _read(number: int, field: str, read: Callable[[str], Value], value: str) -> Value:
    try:
        return read(value)
    except ValueError as error:
        raise CollectionLineInvalid(line=number, field=field) from error


def _reference(value: str) -> str:
    if not _REFERENCE.fullmatch(value) or not bare(value):
        raise ValueError("no reference")
    return value


def _whole(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise ValueError("no whole number")
    return int(value)


def _amount(value: str) -> int:
    minor = _whole(value) * 100
    if not 0 < minor <= MAXIMUM_MINOR:
        raise ValueError("no amount")
    return minor


def _moment(value: str) -> datetime:
    """Return the instant of a time in Bogotá."""
    if not _TIME.fullmatch(value):
        raise ValueError("no time")
    moment = datetime.strptime(value, COUNTER_TIME).replace(tzinfo=BOGOTA)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError("no year of ours")
    return moment.astimezone(UTC)
