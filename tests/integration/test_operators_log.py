"""What operators do about withdrawals stands in the log of the operators, once for each act."""

import pytest
from django.test import Client
from django.urls import reverse

from seedbox.models import User
from tests import made_up_language
from tests.builders import NOW, signed_in
from tests.ledger import BTT
from tests.made_up_language import english_on
from tests.withdrawals import World, fresh_form_key, stranger_address
from wallet.domain.tron.addresses import to_base58
from wallet.models import Halt, HaltReason
from wallet.services import acts, decisions, halts, withdrawal_rules
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ADA = Actor(7, "ada")


def log() -> list[tuple[str, str, list[str]]]:
    """Return what the log says, the oldest first: what, why, and on whose account."""
    lines = acts.all_acts().lines
    return [(line.what, line.reason, [side.holder.name for side in line.sides]) for line in reversed(lines)]


class TestTheLogOfTheOperators:
    def test_has_each_stop_and_who_let_it_go_on(self, admin: User) -> None:
        halts.halt(HaltReason.AUDIT, "a machine found something", NOW)
        halts.stop(actor=ADA, reason="odd payments", now=NOW)
        with pytest.raises(Refused, match="stopped withdrawals already"):
            halts.stop(actor=ADA, reason="odd payments", now=NOW)
        halts.lift(Halt.objects.get(reason=HaltReason.AUDIT).pk, actor=ADA, reason="mended", now=NOW)
        assert log() == [
            ("Stopped withdrawals", "odd payments", []),
            ("Lifted a halt", "The audit found something: mended", []),
        ]
        page = signed_in(admin).get(reverse("operator_acts")).content.decode()
        assert "Stopped withdrawals" in page
        assert "odd payments" in page

    def test_says_what_the_box_wrote_in_its_readers_language_and_what_was_typed_as_it_is(
        self, world: World, owner: User
    ) -> None:
        asked = world.request(owner.pk, key=fresh_form_key())
        halts.halt(HaltReason.AUDIT, "a machine found something", NOW)
        halts.lift(Halt.objects.get().pk, actor=ADA, reason="mended: 1,234.5 BTT", now=NOW)
        decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="too soon", now=NOW)
        with made_up_language.spoken():
            reasons = [why for _what, why, _whom in log()]
        assert [why.partition(": ")[2] for why in reasons] == ["mended: 1,234.5 BTT", "too soon"]
        assert [english_on(why, {"mended", "too soon"}) for why in reasons] == [[], []]

    def test_has_decisions_about_a_withdrawal_and_its_user_reads_them(self, world: World, owner: User) -> None:
        values = {name: getattr(withdrawal_rules.current(), name) for name in withdrawal_rules.FIELDS}
        for _ in range(2):
            withdrawal_rules.change(
                values | {"approval_above_ubtt": 99 * BTT}, actor=ADA, reason="careful", key="k", now=NOW
            )
        asked = world.request(owner.pk, key=fresh_form_key())
        for _ in range(2):
            decisions.approve(withdrawal_id=asked.pk, actor=ADA, now=NOW)
        for _ in range(2):
            decisions.reject(world.signer, withdrawal_id=asked.pk, actor=ADA, reason="too soon", now=NOW)
        words = f"Withdrawal {asked.pk}, 100 BTT to {to_base58(stranger_address())}"
        assert log() == [
            ("Changed the rules of withdrawals", "careful", []),
            ("Approved a withdrawal of", words, ["olga"]),
            ("Rejected a withdrawal of", f"{words}: too soon", ["olga"]),
        ]
        browser = Client()
        browser.force_login(owner)
        page = browser.get(reverse("own_acts")).content.decode()
        assert "Rejected a withdrawal of" in page
        assert "careful" not in page
