"""A strict reader of Prometheus' text format 0.0.4, apart from what writes it."""

import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_HELP = re.compile(rf"# HELP ({NAME}) (.+)")
_TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|summary)")
_SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9][0-9.e+-]*|NaN|[+-]Inf)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
_ESCAPE = re.compile(r"\\(.)")

Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    kind: str
    meaning: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)  # by name and labels


def read(page: str) -> dict[str, Family]:
    """Return the families of a page; an AssertionError says what breaks a rule of the format."""
    assert page == "" or page.endswith("\n"), "the last line must end"
    families: dict[str, Family] = {}
    meanings: dict[str, str] = {}
    for line in page.splitlines():
        if helped := _HELP.fullmatch(line):
            assert helped[1] not in meanings, f"HELP twice: {line}"
            meanings[helped[1]] = helped[2]
        elif typed := _TYPE.fullmatch(line):
            assert typed[1] not in families, f"TYPE twice: {line}"
            families[typed[1]] = Family(typed[2], meanings[typed[1]])
            newest = typed[1]
        else:
            _take(line, families[newest], newest)
    return families


def _take(line: str, family: Family, name: str) -> None:
    found = _SAMPLE.fullmatch(line)
    assert found, f"no sample: {line}"
    parts = {f"{name}_sum", f"{name}_count"} if family.kind == "summary" else {name}
    assert found[1] in parts, f"{line} stands below {name}"
    labels = _labels(found[2] or "")
    assert (found[1], labels) not in family.samples, f"twice: {line}"
    family.samples[found[1], labels] = float(found[3])


def _labels(text: str) -> Labels:
    found, end = [], 0
    while end < len(text):
        label = _LABEL.match(text, end)
        assert label, f"no labels: {text}"
        found.append((label[1], _ESCAPE.sub(lambda match: {"n": "\n"}.get(match[1], match[1]), label[2])))
        end = label.end()
    assert len({name for name, _ in found}) == len(found), f"a label twice: {text}"
    return tuple(sorted(found))
