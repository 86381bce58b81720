"""Parsers that break on purpose, so that the fuzz bench can show that it notices."""

import os

from seedbox.config.benches.fuzz_mutations import Source, Target, mutate_bytes


class Refused(Exception):
    """What a parser should say."""


def sound(data: bytes) -> None:
    if data[:1] != b"d":
        raise Refused


def raises(data: bytes) -> None:
    if len(data) % 3 == 0:
        raise IndexError("no such byte")


def dies(data: bytes) -> None:
    if data == b"deadly":
        os.abort()


def never_ends(data: bytes) -> None:
    while data == b"endless":
        pass


def few_bytes(source: Source) -> bytes:
    return source.chance.randbytes(4)


TARGETS = (
    Target("sound", sound, mutate_bytes, (Refused,)),
    Target("raises", raises, mutate_bytes),
    Target("dies", dies, few_bytes),
    Target("never_ends", never_ends, few_bytes),
)
