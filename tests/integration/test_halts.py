"""A halt stands until a person lifts it, with a reason."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from tests import made_up_language
from tests.builders import NOW
from tests.made_up_language import english_on
from wallet.domain import halt_words as words
from wallet.models import Halt, HaltReason
from wallet.services import halts, news
from wallet.services.news import Listener
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

ADA = Actor(7, "ada")


class TestAHalt:
    def test_stands_until_a_person_lifts_it(self) -> None:
        assert not halts.is_halted()
        halts.halt(HaltReason.LAG, "The last block was read an hour ago.", NOW)
        assert halts.is_halted()
        halts.lift(Halt.objects.get().pk, actor=ADA, reason=" mended ", now=NOW)
        lifted = Halt.objects.get()
        assert (lifted.lifted_by_name, lifted.lifted_why, lifted.lifted_at) == ("ada", "mended", NOW)
        assert not halts.is_halted()

    def test_says_nothing_new_while_it_stands(self) -> None:
        halts.halt(HaltReason.LAG, "first", NOW)
        halts.halt(HaltReason.LAG, "again", NOW + timedelta(minutes=1))
        halts.halt(HaltReason.AUDIT, "x" * 9_000, NOW)
        assert [(halt.reason, halt.detail[:5]) for halt in halts.standing()] == [("lag", "first"), ("audit", "xxxxx")]
        halts.lift(halts.standing()[0].pk, actor=ADA, reason="mended", now=NOW)
        assert halts.is_halted()  # the other one stands
        halts.halt(HaltReason.LAG, "anew", NOW)
        assert [halt.detail[:5] for halt in halts.standing()] == ["xxxxx", "anew"]

    def test_keeps_whole_lines_as_long_as_there_is_room(self) -> None:
        halts.halt(HaltReason.OUTGOING, "\n".join(["x" * 250] * 3), NOW)
        assert halts.standing()[0].detail == "\n".join(["x" * 250] * 2)

    def test_says_what_machines_found_in_its_readers_language(self) -> None:
        fee = words.FEE_NOT_BOOKED % {"tx_id": "00ff"}
        halts.halt(HaltReason.RECONCILIATION, f"{words.OLD_BOOKS}\n{fee}", NOW)
        halts.halt(HaltReason.OPERATOR, words.OLD_BOOKS, NOW)
        with made_up_language.spoken():
            found, typed = (halts.detail_of(halt) for halt in halts.standing())
        assert english_on(found, {"ff"}) == [] and typed == words.OLD_BOOKS

    def test_is_lifted_once_and_not_without_a_reason(self) -> None:
        halts.halt(HaltReason.OPERATOR, "because", NOW)
        number = halts.standing()[0].pk
        with pytest.raises(Refused, match="Write a reason"):
            halts.lift(number, actor=ADA, reason="  ", now=NOW)
        assert halts.is_halted()
        halts.lift(number, actor=ADA, reason="mended", now=NOW)
        with pytest.raises(Refused, match="does not stand any more"):
            halts.lift(number, actor=ADA, reason="me too", now=NOW)
        assert Halt.objects.get().lifted_why == "mended"

    def test_tells_whoever_wants_to_know(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        told: list[bool] = []
        news.listen("a test", Listener(deposits=print, reserves=lambda: told.append(halts.is_halted()), desk=print))
        try:
            with django_capture_on_commit_callbacks(execute=True):
                halts.halt(HaltReason.LAG, "late", NOW)
                halts.halt(HaltReason.LAG, "late", NOW)
            with django_capture_on_commit_callbacks(execute=True):
                halts.lift(halts.standing()[0].pk, actor=ADA, reason="mended", now=NOW)
        finally:
            news.stop_listening("a test")
        assert told == [True, False]
