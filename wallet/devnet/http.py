"""HTTP as java-tron speaks it: GET and POST alike, status 200 nearly always, an error in the body.

Unknown names are ignored, a missing one is the default of its kind, and no float is ever taken for a number.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

MOST_FIELDS_IN_A_QUERY = 100

# Pages of other origins may read this chain and send it transactions, as they may with real ones; they may not order.
OPEN_TO_PAGES = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Allow-Methods", "GET, POST"),
)
LARGEST, SMALLEST = 2**63 - 1, -(2**63)  # of int64, which all numbers of the protocol are at most
# int32 in the protocol: these stay numbers when somebody wants int64 as text.
SMALL_NUMBERS = frozenset({"version", "precision", "trx_num", "num", "vote_score", "Permission_id", "id"})


class BadRequest(Exception):
    """What java-tron answers with {"Error": "class … : …"}: the name of its class, and the sentence."""

    def __init__(self, text: str, java_class: str = "java.lang.IllegalArgumentException") -> None:
        super().__init__(text)
        self.java_class = java_class


@dataclass(frozen=True)
class Request:
    method: str
    path: str  # without the slash in front
    query: Mapping[str, str]
    fields: Mapping[str, Any]  # of the body for POST, of the query for GET
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def visible(self) -> bool:
        """Tell whether addresses and names are wanted as people write them, and not in hex."""
        return is_true(self.fields.get("visible"))

    @property
    def visible_in_query(self) -> bool:
        """The same for endpoints that look for it in the address only."""
        return is_true(self.query.get("visible"))

    @property
    def wants_int64_as_text(self) -> bool:
        return self.method == "GET" and is_true(self.query.get("int64_as_string"))

    def text(self, name: str, default: str = "") -> str:
        value = self.fields.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadRequest(f"{name} must be text")
        return str(value)

    def number(self, name: str, default: int = 0) -> int:
        """Return an integer of 64 bits that came as a number or as decimal text; raise BadRequest for any other."""
        found = self.whole(name, default)
        if not SMALLEST <= found <= LARGEST:
            raise _no_number(found)
        return found

    def whole(self, name: str, default: int = 0) -> int:
        """Return an integer of any size; a float or a truth value is none."""
        value = self.fields.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise BadRequest(f"{name} must be an integer")
        try:
            return int(value)
        except ValueError:
            raise _no_number(value) from None


def _no_number(value: str | int) -> BadRequest:
    return BadRequest(f'For input string: "{str(value)[:40]}"', "java.lang.NumberFormatException")


@dataclass(frozen=True)
class Arrived:
    """What came over a connection, not yet read."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    stays_open: bool = False  # the answer is never given: the client has to lose patience
    breaks_off: bool = False  # the connection ends in the middle of the body


@dataclass(frozen=True)
class Written:
    """What is JSON already."""

    text: bytes


def is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


def json_answer(found: Any, *, status: int = 200, int64_as_text: bool = False) -> Answer:
    if isinstance(found, Written):
        if not int64_as_text:
            return Answer(found.text, status)
        found = json.loads(found.text)
    shown = with_text_for_large(found) if int64_as_text else found
    return Answer(json.dumps(shown, separators=(",", ":")).encode(), status)


def error_answer(problem: BadRequest) -> Answer:
    return json_answer({"Error": f"class {problem.java_class} : {problem}"})


def with_text_for_large(found: Any, name: str = "") -> Any:
    """Return the same with every integer as text, except those that the protocol has as int32."""
    if isinstance(found, dict):
        return {key: with_text_for_large(value, key) for key, value in found.items()}
    if isinstance(found, list):
        return [with_text_for_large(value, name) for value in found]
    is_large = isinstance(found, int) and not isinstance(found, bool) and name not in SMALL_NUMBERS
    return str(found) if is_large else found


def path_of(target: str) -> str:
    return unquote(target.partition("?")[0]).strip("/")


def request_of(arrived: Arrived) -> Request:
    """Return the request with its fields; raise BadRequest."""
    query = parse_query(arrived.target.partition("?")[2])
    fields = parse_body(arrived.body) if arrived.method == "POST" else query
    return Request(arrived.method, path_of(arrived.target), query, fields, arrived.headers)


def parse_query(query: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS_IN_A_QUERY, errors="strict"))
    except ValueError:
        raise BadRequest("the query cannot be read") from None


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the object that a body holds, whatever kind it says it is; an empty body is an empty object."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # text that is no JSON, no UTF-8, a number without end, or endless brackets
        raise BadRequest("syntax error", "com.alibaba.fastjson.JSONException") from None
    if not isinstance(found, dict):
        raise BadRequest("can not cast to JSONObject.", "com.alibaba.fastjson.JSONException")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)
