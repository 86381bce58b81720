"""Arrays as PostgreSQL's own text: a tenth of the time of the driver's, and one type whatever is in them.

So each statement is prepared once. In the statement they are cast, like %s::bigint[].
"""

from collections.abc import Iterable
from datetime import datetime


def numbers(values: Iterable[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def numbers_or_null(values: Iterable[int | None]) -> str:
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Iterable[str]) -> str:
    return "{" + ",".join([f'"{value if _is_plain(value) else _escaped(value)}"' for value in values]) + "}"


def hashes(values: Iterable[bytes]) -> str:
    return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in values]) + "}"


def times(values: Iterable[datetime | None]) -> str:
    """Write times; those of a batch are mostly one and the same."""
    written: dict[datetime | None, str] = {None: "NULL"}
    for value in (found := list(values)):
        if value is not None and value not in written:
            written[value] = f'"{value.isoformat()}"'
    return "{" + ",".join([written[value] for value in found]) + "}"


def _is_plain(value: str) -> bool:
    return '"' not in value and "\\" not in value


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
