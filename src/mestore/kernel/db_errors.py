"""What a database error means, the same word on three engines (SQLSTATE, errno, SQLite's text)."""

from enum import StrEnum
from socket import gaierror

from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Fault(StrEnum):
    """The kinds of database errors that the program answers differently."""

    UNIQUE = "unique"
    CHECK = "check"
    FOREIGN_KEY = "foreign key"
    RETRY = "retry"
    GONE = "gone"
    OTHER = "other"


_SQLSTATES = {
    "23505": Fault.UNIQUE,
    "23514": Fault.CHECK,
    "23503": Fault.FOREIGN_KEY,
    "40001": Fault.RETRY,
    "40P01": Fault.RETRY,
    "55P03": Fault.RETRY,
    "53300": Fault.GONE,
    "57P01": Fault.GONE,
    "57P02": Fault.GONE,
    "57P03": Fault.GONE,
}
_MARIADB_NUMBERS = {
    1062: Fault.UNIQUE,
    4025: Fault.CHECK,
    1451: Fault.FOREIGN_KEY,
    1452: Fault.FOREIGN_KEY,
    1205: Fault.RETRY,
    1213: Fault.RETRY,
    # A deadlock takes the savepoints along: leaving one says this, and hides the 1213.
    1305: Fault.RETRY,
    1020: Fault.RETRY,
    1040: Fault.GONE,
    2003: Fault.GONE,
    2006: Fault.GONE,
    2013: Fault.GONE,
}
_SQLITE_TEXTS = {
    "UNIQUE constraint": Fault.UNIQUE,
    "CHECK constraint": Fault.CHECK,
    "FOREIGN KEY constraint": Fault.FOREIGN_KEY,
    "database is locked": Fault.RETRY,
    "unable to open": Fault.GONE,
    "disk I/O error": Fault.GONE,
}


def fault_of(error: BaseException) -> Fault:
    """Return what `error` means; OTHER is a bug of ours."""
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError, gaierror, InterfaceError)):
        return Fault.GONE
    if not isinstance(error, DBAPIError) or error.orig is None:
        return Fault.OTHER
    if error.connection_invalidated:
        return Fault.GONE
    return _fault_of_driver(error.orig)


def _fault_of_driver(original: BaseException) -> Fault:
    # Numbers first: MariaDB's SQLSTATEs, which asyncmy carries too, say less than its numbers.
    if original.args and isinstance(original.args[0], int):
        return _MARIADB_NUMBERS.get(original.args[0], Fault.OTHER)
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        return Fault.GONE if state.startswith("08") else _SQLSTATES.get(state, Fault.OTHER)
    text = str(original)
    found = (fault for words, fault in _SQLITE_TEXTS.items() if words in text)
    return next(found, Fault.OTHER)
