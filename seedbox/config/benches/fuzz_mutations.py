"""Change kept inputs at random, by their structure where they have one: most changes then get past the first check."""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

MAX_INPUT_BYTES = 256 * 1024
MAX_CHANGES = 4
DEEP = (101, 1_000, 20_000)
WHOLE_NUMBERS = (
    0,
    1,
    -1,
    7,
    127,
    255,
    65_535,
    65_536,
    2**31 - 1,
    2**31,
    2**32,
    2**63 - 1,
    2**63,
    2**64,
    -(2**63),
    10**30,
)

# What has broken parsers before, here and elsewhere.
HOSTILE: tuple[bytes, ...] = (
    b"",
    b".",
    b"..",
    b"/",
    b"\\",
    b"../../etc/passwd",
    b"C:\\boot.ini",
    b"con",
    b"-rf",
    b" ",
    b"a.",
    b"\0",
    b"\r\n",
    b"\x7f\x1b[2J",
    b"\xff\xfe",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"x" * 255,
    b"y" * 5_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe".encode(),
    "e\N{COMBINING ACUTE ACCENT}".encode(),
    "\N{LATIN SMALL LETTER E WITH ACUTE}".encode(),
    "\N{ARABIC-INDIC DIGIT THREE}\N{SUPERSCRIPT TWO}".encode(),
    "\N{LINE SEPARATOR}\N{ZERO WIDTH NO-BREAK SPACE}".encode(),
    b"<script>alert(1)</script>",
    b"%00%",
    b"%zz%e2%82",
    b"[::1",
    b"http://[",
    b"1e999",
    b"-0",
    b"+5",
    b"1_0",
)

Mutate = Callable[["Source"], bytes]


class Source:
    """One input's chance: its own random numbers, the kept inputs, and the words of its format."""

    def __init__(self, chance: random.Random, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
        self.chance = chance
        self.corpus = corpus
        self.words = words

    def kept(self) -> bytes:
        return self.chance.choice(self.corpus)

    def word(self) -> bytes:
        return self.chance.choice(self.words if self.words and self.chance.random() < 0.5 else HOSTILE)

    def times(self) -> range:
        return range(self.chance.randint(1, MAX_CHANGES))


@dataclass(frozen=True)
class Target:
    """One parser: `read` raises its refusals, or nothing; anything else is a bug."""

    name: str
    read: Callable[[bytes], None]
    mutate: Mutate
    refusals: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = ()
    weight: float = 1.0  # its part of all inputs, compared with the others


# --- bytes


def mutate_bytes(source: Source) -> bytes:
    data = bytearray(source.kept())
    for _ in source.times():
        _change_bytes(data, source)
    return bytes(data[:MAX_INPUT_BYTES])


def _change_bytes(data: bytearray, source: Source) -> None:
    chance = source.chance
    start = chance.randint(0, len(data))
    end = min(start + chance.choice((1, 1, 2, 4, 16, 64)), len(data))
    match chance.randrange(7):
        case 0:
            data[start:end] = b""
        case 1:
            data[start:start] = source.word()
        case 2:
            data[start:end] = source.word()
        case 3:
            data[start:end] = chance.randbytes(end - start)
        case 4:
            data[start:start] = data[start:end] * chance.choice((1, 2, 50))
        case 5:
            other = source.kept()
            data[start:] = other[chance.randint(0, len(other)) :]
        case _:
            _change_number(data, chance)


def _change_number(data: bytearray, chance: random.Random) -> None:
    if numbers := list(re.finditer(rb"-?\d+", data)):
        number = chance.choice(numbers)
        near = int(number[0][:18]) + chance.choice((-1, 1))
        data[slice(*number.span())] = str(chance.choice((near, *WHOLE_NUMBERS))).encode()


# --- bencode


class Pairs(list[tuple[bytes, Any]]):
    """A bencoded dictionary as it is written: out of order and with the same key twice if need be."""


def mutate_bencode(source: Source) -> bytes:
    """Change a node of the tree, and now and then the bytes."""
    if source.chance.random() < 0.25:
        return mutate_bytes(source)
    try:
        tree = _decode(source.kept(), 0)[0]
    except (ValueError, IndexError, RecursionError):
        return mutate_bytes(source)
    for _ in source.times():
        tree = _change_tree(tree, source)
    return _encode(tree)[:MAX_INPUT_BYTES]


def _change_tree(tree: Any, source: Source) -> Any:
    places = list(_places(tree))
    if not places:
        return tree
    chance = source.chance
    parent, index = chance.choice(places)
    key, value = parent[index] if isinstance(parent, Pairs) else (b"", parent[index])
    match chance.randrange(8):
        case 0:
            del parent[index]
            return tree
        case 1:
            parent.insert(index, deepcopy(parent[index]))
            return tree
        case 2:
            key = source.word()
        case 3:
            value = chance.choice(WHOLE_NUMBERS)
        case 4:
            many = [] if isinstance(value, list) else [value] * 200  # lists of lists of lists would fill the memory
            value = chance.choice(([], Pairs(), [value], Pairs([(b"", value)]), many))
        case 5:
            other, place = chance.choice(places)
            value = deepcopy(other[place][1] if isinstance(other, Pairs) else other[place])  # no tree holds itself
        case 6 if isinstance(value, bytes):
            changed = bytearray(value)
            _change_bytes(changed, source)
            value = bytes(changed)
        case _:
            value = source.word()
    parent[index] = (key, value) if isinstance(parent, Pairs) else value
    return tree


def _places(node: Any, depth: int = 0) -> Iterator[tuple[list[Any], int]]:
    if isinstance(node, list) and depth < DEEP[0]:
        for index in range(len(node)):
            yield node, index
            yield from _places(node[index][1] if isinstance(node, Pairs) else node[index], depth + 1)


def _decode(data: bytes, at: int) -> tuple[Any, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Any] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = _decode(data, at)
            items.append(item)
        if kind == b"d":
            return Pairs(zip(items[::2], items[1::2], strict=False)), at + 1
        return items, at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end


def _encode(node: Any, depth: int = 0) -> bytes:
    if depth > DEEP[0]:
        return b"le"
    if isinstance(node, int):
        return b"i%de" % node
    if isinstance(node, bytes):
        return b"%d:%s" % (len(node), node)
    if isinstance(node, Pairs):
        return b"d%se" % b"".join(_encode(key, depth) + _encode(value, depth + 1) for key, value in node)
    return b"l%se" % b"".join(_encode(item, depth + 1) for item in node)


# --- text


def mutate_pairs(source: Source) -> bytes:
    """Change the parameters of a magnet or a query."""
    if source.chance.random() < 0.25:
        return mutate_bytes(source)
    chance = source.chance
    head, mark, query = source.kept().partition(b"?")
    pairs = [part.partition(b"=")[::2] for part in (query if mark else head).split(b"&")]
    for _ in source.times():
        at = chance.randrange(len(pairs))
        name, value = pairs[at]
        match chance.randrange(6):
            case 0:
                pairs.insert(at, pairs[at])
            case 1:
                pairs[at] = (source.word(), value)
            case 2:
                pairs[at] = (name, quote(source.word(), safe="").encode())
            case 3:
                pairs[at] = (name, source.word())
            case 4:
                chance.shuffle(pairs)
            case _:
                pairs.append((name, chance.choice(pairs)[1]))
    text = b"&".join(name + b"=" + value for name, value in pairs)
    return (head + mark + text if mark else text)[:MAX_INPUT_BYTES]


def mutate_lists(source: Source) -> bytes:
    """Change the parts of a text that commas, colons, dots and dashes divide."""
    if source.chance.random() < 0.25:
        return mutate_bytes(source)
    chance = source.chance
    parts = re.split(rb"([,:;=\-. /\[\]])", source.kept())
    for _ in source.times():
        at = chance.randrange(len(parts))
        match chance.randrange(4):
            case 0:
                parts[at] = source.word()
            case 1:
                parts[at] = str(chance.choice(WHOLE_NUMBERS)).encode()
            case 2:
                parts[at:at] = parts[chance.randrange(len(parts)) :][:20]
            case _:
                del parts[at]
                parts = parts or [b""]
    return b"".join(parts)[:MAX_INPUT_BYTES]


def mutate_json(source: Source) -> bytes:
    """Change a value of the tree, or nest it deeply."""
    chance = source.chance
    if chance.random() < 0.3:
        return mutate_bytes(source)
    if chance.random() < 0.02:
        depth = chance.choice(DEEP)
        return (b'{"watch":' + b"[" * depth + b"]" * chance.choice((0, depth)) + b"}")[:MAX_INPUT_BYTES]
    try:
        tree: Any = json.loads(source.kept())
    except (ValueError, RecursionError):
        return mutate_bytes(source)
    for _ in source.times():
        tree = _change_json(tree, source)
    return json.dumps(tree, ensure_ascii=chance.random() < 0.5).encode(errors="surrogatepass")[:MAX_INPUT_BYTES]


def _change_json(tree: Any, source: Source) -> Any:
    chance = source.chance
    word = source.word().decode(errors=chance.choice(("replace", "surrogateescape")))
    values: tuple[Any, ...] = (
        None,
        True,
        1.5e300,
        chance.choice(WHOLE_NUMBERS),
        word,
        [],
        {},
        [word],
        {word: word},
        float("nan"),
    )
    value = chance.choice(values)
    if isinstance(tree, dict) and tree and chance.random() < 0.8:
        key = chance.choice(list(tree))
        tree[key if chance.random() < 0.8 else word] = _change_json(tree[key], source)
        return tree
    if isinstance(tree, list) and chance.random() < 0.8:
        tree.insert(chance.randint(0, len(tree)), value)
        return tree * chance.choice((1, 1, 1, 300) if len(tree) < 10 else (1,))
    return value
