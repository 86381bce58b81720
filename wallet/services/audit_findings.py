"""What the audit found: each finding names a row and says in a sentence what is wrong with it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wallet.domain import audit_words as words
from wallet.domain.retelling import names_of
from wallet.services.snapshot import read

MOST = 1_000  # are kept; whoever needs more has a backup to look for
MOST_ANSWERS = 100  # to one question: they are all of one kind


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one row."""

    table: str  # as in the database, without wallet_
    row: str  # its primary key
    sentence: str

    def __str__(self) -> str:
        return words.ROWS.get(self.table, words.ROW) % {"table": self.table, "row": self.row, "says": self.sentence}


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

    def ask(self, questions: Iterable[tuple[str, str, str]], *, working: Callable[[], None]) -> None:
        """Ask for rows that must not be there, each question with a table and what is to be said of that.

        The first column of an answer is the row, the others are the sentence's values in their order. `working` is
        called before each.
        """
        for table, sentence, question in questions:
            working()
            for row, *values in read(f"{question} ORDER BY 1 LIMIT {MOST_ANSWERS}"):
                self.add(table, row, sentence, **dict(zip(names_of(sentence), values, strict=True)))
