"""Fields of JSON that somebody else has written, each with the shape that it must have."""

import re
from typing import Any

from wallet.domain.speed1.signing import MAX_WHOLE

Json = dict[str, Any]
_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)


class BadJson(ValueError):
    """This is not what was expected: the field, and what to write there."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: write {what}")


def obj(given: object, field: str = "body") -> Json:
    if not isinstance(given, dict):
        raise BadJson(field, "an object")
    return given


def rows(given: Json, field: str, *, most: int) -> list[Json]:
    return [obj(row, field) for row in values(given, field, most=most)]


def values(given: Json, field: str, *, most: int) -> list[Any]:
    found = given.get(field)
    if not isinstance(found, list) or len(found) > most:
        raise BadJson(field, f"a list of up to {most:,}")
    return found


def whole(given: Json, field: str, *, most: int = MAX_WHOLE) -> int:
    found = given.get(field)
    if type(found) is not int or not 0 <= found <= most:
        raise BadJson(field, f"a whole number from 0 to {most}")
    return found


def flag(given: Json, field: str) -> bool:
    found = given.get(field)
    if not isinstance(found, bool):
        raise BadJson(field, "true or false")
    return found


def text(given: Json, field: str, *, most: int = 64) -> str:
    found = given.get(field)
    if not isinstance(found, str) or len(found) > most or not found.isprintable():
        raise BadJson(field, f"text of up to {most} characters")
    return found


def octets(given: Json, field: str, *, exactly: int) -> bytes:
    return octets_of(given.get(field), field, exactly=exactly)


def octets_of(found: object, field: str, *, exactly: int) -> bytes:
    if not isinstance(found, str) or len(found) != 2 * exactly or not _HEX.fullmatch(found):
        raise BadJson(field, f"{exactly} bytes as lower-case hexadecimal digits")
    return bytes.fromhex(found)
