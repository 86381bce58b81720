"""docs/security.md names every item of ASVS 4.0.3 that it promises, each with tests that exist or a reason."""

import ast
import re

from tests.test_tidy import complain, text, tracked, tree

# The items up to level 2 of each section; missing numbers are of level 3, or were taken out of the standard.
SECTIONS: dict[str, str] = {
    "V2.1": "1 2 3 4 5 6 7 8 9 10 11 12", "V2.2": "1 2 3", "V2.3": "1 2 3", "V2.4": "1 2 3 4 5",
    "V2.5": "1 2 3 4 5 6 7", "V2.6": "1 2 3", "V2.7": "1 2 3 4 5 6", "V2.8": "1 2 3 4 5 6 7", "V2.9": "1 2 3",
    "V2.10": "1 2 3 4", "V3.1": "1", "V3.2": "1 2 3 4", "V3.3": "1 2 3 4", "V3.4": "1 2 3 4 5", "V3.5": "1 2 3",
    "V3.7": "1", "V4.1": "1 2 3 5", "V4.2": "1 2", "V4.3": "1 2 3", "V5.1": "1 2 3 4 5", "V5.2": "1 2 3 4 5 6 7 8",
    "V5.3": "1 2 3 4 5 6 7 8 9 10", "V5.4": "1 2 3", "V5.5": "1 2 3 4", "V7.1": "1 2 3 4", "V7.2": "1 2",
    "V7.3": "1 3 4", "V7.4": "1 2 3", "V12.1": "1 2 3", "V12.2": "1", "V12.3": "1 2 3 4 5 6", "V12.4": "1 2",
    "V12.5": "1 2", "V12.6": "1", "V13.1": "1 3 4 5", "V13.2": "1 2 3 5 6", "V13.3": "1 2", "V13.4": "1 2",
    "V14.1": "1 2 3 4", "V14.2": "1 2 3 4 5 6", "V14.3": "2 3", "V14.4": "1 2 3 4 5 6 7", "V14.5": "1 2 3 4",
}  # fmt: skip
ITEMS = [f"{section}.{number}" for section, numbers in SECTIONS.items() for number in numbers.split()]
PAGE = "docs/security.md"
ROW = re.compile(r"^\| (V[\d.]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)::(\w+)`")
REASONS = ("Does not apply", "Not met", "Not proved by a test")


def rows() -> list[tuple[str, str, str]]:
    return ROW.findall(text(PAGE))


def methods(path: str, class_name: str) -> set[str]:
    found = [node for node in tree(path).body if isinstance(node, ast.ClassDef) and node.name == class_name]
    return {inner.name for node in found for inner in node.body if isinstance(inner, ast.FunctionDef)}


class TestTheSecurityPage:
    def test_names_every_item_once_and_in_order(self) -> None:
        assert [item for item, _, _ in rows()] == ITEMS

    def test_gives_a_test_or_a_reason_for_each(self) -> None:
        complain(
            [f"{item}: neither a test nor a reason" for item, _, proof in rows()
             if not TEST.search(proof) and not proof.startswith(REASONS)]
        )  # fmt: skip

    def test_names_only_tests_that_exist(self) -> None:
        known = set(tracked(".py"))
        complain(
            [
                f"{item}: there is no {path}::{class_name}::{name}"
                for item, _, proof in rows()
                for path, class_name, name in TEST.findall(proof)
                if path not in known or name not in methods(path, class_name)
            ]
        )

    def test_counts_what_is_not_met(self) -> None:
        not_met = [item for item, _, proof in rows() if proof.startswith("Not met")]
        assert f"{len(not_met)} of {len(ITEMS)} items are not met" in text(PAGE)
