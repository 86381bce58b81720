"""What left without a withdrawal is booked by an operator, as what it is, and the box goes on."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from seedbox.models import User
from tests.builders import signed_in
from tests.exchange import BTT, STRANGER, SUN, TOKEN, Exchange, credited, own
from tests.integration.test_operator_pages import carry_out, fill_in
from tests.ledger import lifted_guards
from wallet.chain.fake import FEE_LIMIT_SUN
from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.transactions import TransferTrx, TriggerContract
from wallet.models import Account, ChainMovement, OperatorAct, Reconciliation, Transfer
from wallet.services import (
    address_book,
    audit,
    compared,
    found_payments,
    halts,
    operators,
    reconciliation,
    withdrawals,
)
from wallet.services.operators import Actor
from wallet.services.refusals import Refused

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

ADA = Actor(1_000_001, "ada")
PAID = 70 * BTT + 1  # one unit more than what the books can say


@pytest.fixture
def exchange(owner: User) -> Exchange:
    """An install whose user has 5,000 BTT; 70 and a bit have left the hot address, and no withdrawal says why."""
    made = Exchange()
    made.scan_all()
    made.deposit(owner.pk, 5_000 * BTT)
    made.pay(made.hot, 100 * SUN, Asset.TRX)
    made.pay(made.hot, 200 * BTT)
    made.arrive()
    call = TriggerContract(made.hot, TOKEN, transfer_call(STRANGER, PAID))
    made.fake.send(call, made.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
    made.arrive()
    return made


def payment() -> ChainMovement:
    return ChainMovement.objects.filter(side="out").earliest("pk")


def account(kind: AccountKind, asset: Asset = Asset.TRC20) -> Account:
    return Account.objects.get(kind=kind, asset=asset)


def book(exchange: Exchange, bearer: Account, **fields: Any) -> OperatorAct:
    wish: dict[str, Any] = {"movement_id": payment().pk, "key": uuid.uuid4().hex, "reason": "the backup had lost it"}
    return found_payments.book(account_id=bearer.pk, actor=ADA, now=exchange.now, **wish | fields)


def refusal(exchange: Exchange, bearer: Account, **fields: Any) -> str:
    with pytest.raises(Refused) as refused:
        book(exchange, bearer, **fields)
    return str(refused.value)


def differences(exchange: Exchange) -> list[int]:
    return [row.difference for row in reconciliation.run(now=exchange.now) if row.difference]


class TestAPaymentThatTheBooksLack:
    def test_keeps_the_box_from_paying_until_its_user_bears_it_and_then_no_longer(
        self, exchange: Exchange, owner: User
    ) -> None:
        assert differences(exchange) == [-PAID]
        book(exchange, account(AccountKind.USER))
        assert differences(exchange) == []
        assert credited(owner.pk) == 4_929_999_999  # rounded up in the favour of all the others
        assert Reconciliation.objects.filter(asset=Asset.TRC20).latest("pk").terms["rounded_up"] == str(10**12 - 1)
        assert {halt.reason for halt in halts.standing()} == {"outgoing", "reconciliation"}
        for halt in halts.standing():
            halts.lift(halt.pk, actor=ADA, reason="found and booked", now=exchange.now)
        differences(exchange)
        assert (halts.standing(), compared.why_not(exchange.now)) == ([], "")
        assert [finding for finding in audit.audit().findings if finding.table != "seal"] == []

    def test_is_booked_once_however_often_it_is_asked_for(self, exchange: Exchange) -> None:
        first = book(exchange, account(AccountKind.TREASURY), key="a")
        assert book(exchange, account(AccountKind.TREASURY), key="a") == first
        assert "booked already" in refusal(exchange, account(AccountKind.USER))
        assert own(AccountKind.TREASURY) == 129_999_999
        assert (first.kind, first.actor_name, first.transfer_id) == ("booked", "ada", payment().transfer_id)

    def test_can_be_borne_by_another_when_the_first_has_too_little(self, exchange: Exchange) -> None:
        treasury, user = account(AccountKind.TREASURY), account(AccountKind.USER)
        operators.adjust(
            debit_id=treasury.pk,
            credit_id=user.pk,
            amount_ubtt=200_000_000,
            actor=ADA,
            reason="because",
            key="b",
            now=exchange.now,
        )
        assert refusal(exchange, treasury).startswith("The treasury has only 0 BTT available.")
        operators.freeze(account_id=user.pk, actor=ADA, reason="whose is it?", key="c", now=exchange.now)
        book(exchange, user)
        assert differences(exchange) == []

    def test_is_not_booked_by_the_form_that_has_booked_another(self, exchange: Exchange) -> None:
        first = payment()
        book(exchange, account(AccountKind.TREASURY), key="a")
        call = TriggerContract(exchange.hot, TOKEN, transfer_call(STRANGER, BTT))
        exchange.fake.send(call, exchange.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
        exchange.arrive()
        second = ChainMovement.objects.filter(side="out").latest("pk")
        assert second != first
        assert refusal(exchange, account(AccountKind.TREASURY), key="a", movement_id=second.pk) == operators.USED
        assert differences(exchange) == [-BTT]

    @pytest.mark.parametrize("kind", [AccountKind.CHAIN, AccountKind.NETWORK_FEES])
    def test_is_not_borne_by_what_can_not_bear_it(self, exchange: Exchange, kind: AccountKind) -> None:
        bearer = (
            Account.objects.filter(kind=kind).exclude(kind=AccountKind.NETWORK_FEES, asset=Asset.TRC20).latest("pk")
        )
        assert "nothing else can" in refusal(exchange, bearer)
        assert not OperatorAct.objects.exists()

    def test_of_trx_is_borne_by_what_pays_the_network(self, exchange: Exchange) -> None:
        book(exchange, account(AccountKind.TREASURY))
        exchange.fake.send(TransferTrx(exchange.hot, STRANGER, 9 * SUN), exchange.signer.hot_key)
        exchange.arrive()
        assert differences(exchange) == [-9 * SUN]
        newest = ChainMovement.objects.filter(side="out").latest("pk")
        book(exchange, account(AccountKind.NETWORK_FEES, Asset.TRX), movement_id=newest.pk)
        assert differences(exchange) == []


class TestTheAudit:
    def test_names_a_booking_whose_payment_is_gone_or_another(self, exchange: Exchange) -> None:
        book(exchange, account(AccountKind.TREASURY))
        transfer = Transfer.objects.get(kind=TransferKind.FOUND_PAYMENT)
        with lifted_guards():
            ChainMovement.objects.filter(side="out").update(amount=PAID + BTT)
        assert f"books 70000001 µ of a payment of {PAID + BTT} units" in said()
        with lifted_guards():
            ChainMovement.objects.filter(side="out").update(tx_id="ab" * 32)
        assert f"transfer {transfer.pk} that should book it is not there, or books something else" in said()
        with lifted_guards():
            ChainMovement.objects.filter(side="out").update(transfer_id=None)
        assert f"transfer {transfer.pk}: books a payment that the chain never made, or a second time" in said()


class TestTheirPage:
    def test_leads_from_the_payment_to_its_booking(self, exchange: Exchange, admin: User, owner: User) -> None:
        browser, number = signed_in(admin), payment().pk
        page = browser.get(reverse("reserves")).content.decode()
        assert f'href="../book-payment/?movement={number}"' in page
        assert (
            f'value="{number}"'
            in browser.get(reverse("operator_act", args=["book-payment"]), {"movement": number}).content.decode()
        )
        asked = fill_in(browser, "book-payment", movement=number, account="olga")
        for words in (payment().tx_id, "70.000000000000000001 BTT to", "70.000001 BTT", "olga (account #"):
            assert words in asked
        assert "There is no such account that has BTT" in fill_in(
            browser, "book-payment", movement=number, account="nobody"
        )
        chain = f"#{account(AccountKind.CHAIN).pk}"
        assert "nothing else can" in fill_in(browser, "book-payment", movement=number, account=chain)
        done = carry_out(browser, "book-payment", movement=number, account="olga").content.decode()
        assert "Done, and written into the log: booked a payment that the books lacked." in done
        assert credited(owner.pk) == 4_929_999_999
        assert "book-payment/?movement=" not in browser.get(reverse("reserves")).content.decode()
        assert "booked already" in fill_in(browser, "book-payment", movement=number, account="olga")

    def test_names_a_withdrawal_that_would_pay_the_same_again(
        self, exchange: Exchange, admin: User, owner: User
    ) -> None:
        call = TriggerContract(exchange.hot, TOKEN, transfer_call(STRANGER, 30 * BTT))
        exchange.fake.send(call, exchange.signer.hot_key, fee_limit_sun=FEE_LIMIT_SUN)
        exchange.arrive()
        paid = ChainMovement.objects.filter(side="out").latest("pk")
        address_book.add(owner.pk, paid.recipient, label="", now=exchange.now)
        wish = withdrawals.Wish(
            user_id=owner.pk, address=paid.recipient, amount_ubtt=30_000_000, fee_ubtt=1, key=uuid.uuid4().hex
        )
        asked = withdrawals.request(wish, now=exchange.now)
        page = fill_in(signed_in(admin), "book-payment", movement=paid.pk, account="treasury")
        assert f"{asked} asks for just this" in page

    def test_finds_a_treasury_that_has_never_had_anything(self, exchange: Exchange) -> None:
        paid = payment()
        paid.asset = Asset.TRC10  # as if BTTOLD had left
        found_payments.open_bearers(paid, now=exchange.now)
        assert account(AccountKind.TREASURY, Asset.TRC10).balance_ubtt == 0

    def test_is_for_admins_alone(self, exchange: Exchange, owner: User) -> None:
        address = reverse("operator_act", args=["book-payment"])
        assert signed_in(owner).get(address).status_code in (403, 404)


def said() -> str:
    return "\n".join(str(finding) for finding in audit.audit().findings)
