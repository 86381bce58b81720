"""The dead proof, decided on paper: when another attempt may be signed."""

from dataclasses import replace
from hashlib import sha256

import pytest

from wallet.domain.finality import Absence, IndexedBlock, Sent, Verdict, judge

TX = b"\x01" * 32
REFERENCE = 100
BLOCK_MS = 3_000


def block_id(number: int) -> bytes:
    return number.to_bytes(8, "big") + sha256(b"%d" % number).digest()[8:]


def index(last: int, *, first: int = REFERENCE + 1, holds: int | None = None) -> list[IndexedBlock]:
    """Blocks above the reference, three seconds apart; block 120 has the time 60,000."""
    return [
        IndexedBlock(
            number=number,
            id=block_id(number),
            parent_id=block_id(number - 1),
            timestamp_ms=(number - REFERENCE) * BLOCK_MS,
            tx_ids=frozenset({TX} if number == holds else {sha256(b"%d" % number).digest()}),
        )
        for number in range(first, last + 1)
    ]


SENT = Sent(TX, expiration_ms=60_000, reference_number=REFERENCE, reference_id=block_id(REFERENCE))
BOTH = [Absence("one", 130, is_found=False), Absence("two", 120, is_found=False)]


class TestAnAttemptIsDead:
    def test_when_a_solid_block_is_past_its_expiration_and_two_endpoints_and_our_index_miss_it(self) -> None:
        judgement = judge(SENT, absences=BOTH, index=index(125))
        assert (judgement.verdict, judgement.closed_by) == (Verdict.DEAD, 120)

    def test_not_before_a_solid_block_is_past_its_expiration(self) -> None:
        assert judge(SENT, absences=BOTH, index=index(119)).verdict is Verdict.OPEN
        assert judge(SENT, absences=BOTH, index=[]).verdict is Verdict.OPEN

    @pytest.mark.parametrize("holds", [101, 119, 120])  # the block that closes the door may itself hold it
    def test_not_when_a_block_holds_it_whatever_endpoints_say(self, holds: int) -> None:
        assert judge(SENT, absences=BOTH, index=index(125, holds=holds)).verdict is Verdict.INCLUDED

    def test_not_when_one_endpoint_finds_it(self) -> None:
        found = [BOTH[0], replace(BOTH[1], is_found=True)]
        assert judge(SENT, absences=found, index=index(125)).verdict is Verdict.INCLUDED

    @pytest.mark.parametrize(
        "absences",
        [
            [],
            [BOTH[0]],
            [BOTH[0], BOTH[0]],  # one endpoint that is asked twice is one
            [BOTH[0], replace(BOTH[1], solid_number=119)],  # the second lags: it could not know
        ],
    )
    def test_not_by_the_word_of_one(self, absences: list[Absence]) -> None:
        assert judge(SENT, absences=absences, index=index(125)).verdict is Verdict.UNPROVEN

    def test_not_when_our_index_has_a_hole(self) -> None:
        holes = [index(125, first=102), index(110) + index(125, first=112), list(reversed(index(125)))]
        assert {judge(SENT, absences=BOTH, index=one).verdict for one in holes} == {Verdict.UNPROVEN}

    def test_not_when_the_reference_lies_on_another_branch(self) -> None:
        elsewhere = replace(SENT, reference_id=b"\xff" * 32)
        assert judge(elsewhere, absences=BOTH, index=index(125)).verdict is Verdict.UNPROVEN
