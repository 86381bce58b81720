"""What the audit found: each finding names a row and says in a sentence what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass

MOST = 1_000  # are kept; whoever needs more has a backup to look for


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one row."""

    table: str  # as in the database, without wallet_
    row: str  # its primary key
    sentence: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.sentence}"


class Findings:
    """Findings in the order they were met, the first wrong row first."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Finding] = []

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._kept)

    def add(self, table: str, row: object, sentence: str, **values: object) -> None:
        """Keep a finding; the values are put into the sentence by `%`."""
        self.count += 1
        if len(self._kept) < MOST:
            self._kept.append(Finding(table, str(row), sentence % values if values else sentence))
