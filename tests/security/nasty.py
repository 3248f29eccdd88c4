"""Malformed requests: one operation's valid request with something badly wrong in it."""

import json
import random
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.security.asking import Ask
from tests.security.operations import Operation
from tests.security.world import World

DEEP = "[" * 600 + "]" * 600
NESTED: Any = None
for _ in range(80):
    NESTED = {"a": [NESTED]}

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**31,
    2**63,
    -(2**63) - 1,
    10**400,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\U0001f600" * 50,
    "a\u202eb\u200bc\ufeff",
    "\u0130\u0131\ufb03" * 60,
    "e\u0301" * 3000,
    "x" * 70_000,
    "%s%n{0}{name}",
    "'; DROP TABLE users; --",
    "9" * 400,
    "1e999999999",
    "NaN",
    "-Infinity",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-01-01T00:00:00",
    "00000000-0000-0000-0000-000000000000",
    "../../../etc/passwd",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    {"": ""},
    ["x"] * 2000,
    NESTED,
)

# As they stand in an address, and so already percent-encoded.
PARTS = (
    "0",
    "-1",
    "1.5",
    "99999999999999999999",
    str(2**63),
    str(2**63 - 1),
    "null",
    "%00",
    "a%00b",
    "%ff%fe",
    "%C0%AF",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "..%2f..%2fetc",
    "%2e%2e",
    "a" * 3000,
    "%D9%A1",
    "1e3",
    "+1",
    "%20",
    "%0d%0aX:%20y",
    "{product_id}",
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "urn:uuid:0199a000-0000-7000-8000-000000000000",
)

QUERIES = (
    *PARTS,
    "",
    "NaN",
    "inf",
    "-inf",
    "1e400",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "0001-01-01T00:00:00%2B14:00",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59-14:00",
    "2026-13-45",
    "-created_at",
    "created_at%00",
    "eyJzb3J0IjoieCJ9",
    "W10",
    "bnVsbA",
    "true",
    "PENDING",
)

HEADERS = (
    (b"authorization", b"Bearer"),
    (b"authorization", b"Bearer \xff\xfe"),
    (b"authorization", b"Bearer " + b"a" * 9000),
    (b"authorization", b"Bearer eyJhbGciOiJub25lIn0.e30."),
    (b"authorization", b"Bearer eyJhbGciOiJIUzI1NiJ9.W10.AAAA"),
    (b"authorization", b"Bearer msk_00000000000000000000000000000000_\xe9"),
    (b"authorization", b"Bearer msk_" + b"0" * 32 + b"_x"),
    (b"authorization", b"Basic OjpcMDAw"),
    (b"authorization", b"Bearer a.b.c, Bearer d"),
    (b"x-api-key", b"\x00\xff"),
    (b"x-api-key", b"msk_zzzz_"),
    (b"session-id", b"\xff" * 20),
    (b"session-id", b"short"),
    (b"session-id", b"s" * 5000),
    (b"session-id", b"a b c d e f g h"),
    (b"idempotency-key", b""),
    (b"idempotency-key", b"k" * 5000),
    (b"idempotency-key", b"\xc3\xa9\x01"),
    (b"if-match", b'"\xff", W/, *'),
    (b"if-match", b'"' + b"9" * 400 + b'"'),
    (b"if-none-match", b'\xff,,,""'),
    (b"accept-language", b"\xff\x00es"),
    (b"accept-language", b"es-\xf1" * 500),
    (b"accept", b"\xff"),
    (b"user-agent", b"\x00\xff" * 400),
    (b"x-request-id", b"a\nb\xff"),
    (b"x-forwarded-for", b"\xff, 999.1.1.1"),
    (b"content-length", b"\xb2\xb3"),
    (b"content-length", b"99999999999999999999"),
    (b"content-length", b"-1"),
    (b"cookie", b"\xff=\xfe;;="),
    (b"range", b"bytes=9-1"),
    (b"origin", b"\xff://"),
    (b"transfer-encoding", b"chunked, \xff"),
)

BODIES = (
    b"",
    b"\x00",
    b"null",
    b"0",
    b'"text"',
    b"[]",
    b"[[]]",
    b"{",
    b"{}",
    b"[1,2",
    b'{"a":1}{',
    b"\xff\xfe\x00",
    b'{"email":"\xff\xfe"}',
    b'{"name":"\xed\xa0\x80"}',
    b"\xef\xbb\xbf{}",
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    DEEP.encode() * 3,
    b'{"a":' + b"9" * 6000 + b"}",
    b"NaN",
    b"-Infinity",
    b'{"\\u0000":"\\ud800"}',
    b"a=b&c=%00",
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--",
    b'{"email": "a@example.com", "email": {"$ne": 1}}',
)

TYPES = (
    b"application/json",
    b"application/json; charset=utf-16",
    b"text/plain",
    b"application/xml",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data",
    b"multipart/form-data; boundary=x",
    b"\xff/\x00",
    b"",
    b"application/problem+json",
    b"json",
)


@dataclass(frozen=True, slots=True)
class Spoiler:
    """Spoils the requests of one caller, by a random source of its own."""

    world: World
    headers: dict[str, str]
    chance: random.Random

    def spoiled(self, operation: Operation, count: int) -> list[Ask]:
        """Return so many bad requests for an operation, each bad in another way where it can be."""
        ways = [self._bad_header]
        if operation.named("path"):
            ways.append(self._bad_path)
        if operation.method == "GET":
            ways.append(self._bad_query)
        if operation.schema is not None:
            ways += [self._bad_field, self._bad_body, self._bad_field]
        if operation.named("query"):
            ways += [self._bad_query] * 3
        first = self.chance.randrange(len(ways))
        return [ways[(first + turn) % len(ways)](operation) for turn in range(count)]

    def _ask(
        self,
        operation: Operation,
        *,
        target: str | None = None,
        body: bytes | None = None,
        more: tuple[tuple[bytes, bytes], ...] = (),
    ) -> Ask:
        if body is None:
            valid = self.world.body(operation)
            body = b"" if valid is None else json.dumps(valid).encode()
        given = {name for name, _ in more}
        own = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        own += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if not body:
            own = own[:-2]
        kept = tuple(header for header in own if header[0] not in given)
        where = target or operation.target(self.world.ids)
        return Ask(operation.method, where, (*kept, *more), body)

    def _bad_header(self, operation: Operation) -> Ask:
        count = self.chance.choice((1, 1, 2))
        return self._ask(operation, more=tuple(self.chance.sample(HEADERS, count)))

    def _bad_path(self, operation: Operation) -> Ask:
        name = self.chance.choice(operation.named("path"))
        return self._ask(
            operation,
            target=operation.target(self.world.ids, **{name: self.chance.choice(PARTS)}),
        )

    def _bad_query(self, operation: Operation) -> Ask:
        names = operation.named("query") or ["page", "sort", "%00"]
        count = self.chance.choice((1, 1, 2, 3))
        pairs = [f"{self.chance.choice(names)}={self.chance.choice(QUERIES)}" for _ in range(count)]
        target = f"{operation.target(self.world.ids)}?{'&'.join(pairs)}"
        return self._ask(operation, target=target)

    def _bad_body(self, operation: Operation) -> Ask:
        body, kind = self.chance.choice(BODIES), self.chance.choice(TYPES)
        if self.chance.random() < 0.5:
            kind = TYPES[0]
        return self._ask(operation, body=body, more=((b"content-type", kind),))

    def _bad_field(self, operation: Operation) -> Ask:
        body = self.world.body(operation)
        if not isinstance(body, dict):
            return self._bad_body(operation)
        spoiled = json.loads(json.dumps(body))
        for _ in range(self.chance.choice((1, 1, 2))):
            self._spoil(spoiled, operation.schema or {})
        # As JSON writers of other languages may: NaN, lone surrogates, numbers of any size.
        return self._ask(operation, body=_packed(spoiled))

    def _spoil(self, given: dict[str, Any], schema: dict[str, Any]) -> None:
        known = list(schema.get("properties", {})) or list(given)
        name = self.chance.choice([*known, *known, *given, "unknown", "__class__"])
        present = given.get(name)
        if isinstance(present, dict) and present and self.chance.random() < 0.7:
            self._spoil(present, {})
        elif isinstance(present, list) and present and self.chance.random() < 0.5:
            present[0] = deepcopy(self.chance.choice(VALUES))
        else:
            given[name] = deepcopy(self.chance.choice(VALUES))


def _packed(value: Any) -> bytes:  # noqa: ANN401  any JSON, and what is none
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)}:".encode() + _packed(each) for name, each in value.items())
        return b"{" + b",".join(pairs) + b"}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**64:
        return b"1" + b"0" * 400
    return json.dumps(value).encode()
