"""The sheets keep to the design language: sides by the direction of writing, values with a name, motion on wish."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
SHEETS = sorted(path.name for path in STATIC.glob("*.css"))
OF_THE_CHARTS_LIBRARY = ".u-cursor"  # it draws from left to right whatever the page's language
SIDED = re.compile(
    r"(margin|padding|border|scroll-margin)-(left|right)[\w-]*:|[{;]\s*(left|right):"
    r"|text-align: (left|right)|float: (left|right)"
)
FOUR = re.compile(r"(margin|padding|inset): ([^\s;]+) ([^\s;]+) ([^\s;]+) ([^\s;]+);")
NAMED = re.compile(r"var\((--[\w-]+)[,)]")
DEFINED = re.compile(r"(--[\w-]+):")


def lines(name: str) -> list[str]:
    return [line for line in (STATIC / name).read_text().splitlines() if OF_THE_CHARTS_LIBRARY not in line]


@pytest.mark.parametrize("name", SHEETS)
class TestASheet:
    def test_names_no_side_as_left_or_right(self, name: str) -> None:
        sided = [line for line in lines(name) if SIDED.search(line)]
        lopsided = [m[0] for line in lines(name) for m in FOUR.finditer(line) if m[3] != m[5]]
        assert sided + lopsided == []

    def test_uses_only_values_that_are_defined(self, name: str) -> None:
        defined = {found for sheet in SHEETS for found in DEFINED.findall((STATIC / sheet).read_text())}
        scripts = "".join(path.read_text() for path in STATIC.glob("*.js"))
        used = set(NAMED.findall((STATIC / name).read_text()))
        assert {one for one in used - defined if not one.startswith("--tblr-") and one not in scripts} == set()


def test_whoever_wants_less_motion_gets_none() -> None:
    assert "@media (prefers-reduced-motion: reduce) {\n  *, ::before, ::after {" in (STATIC / "tokens.css").read_text()
