"""What the owner of a torrent has that others may not see, and what an admin alone may touch."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.utils import timezone

from seedbox.models import Holding, Invitation, Notice, User
from speed.models import BuyingDeal, Cause, SellingDeal
from speed.services import avoided
from tests.builders import NOW, let_in
from tests.deposits import a_deposit
from tests.ledger import ASSET, BTT, fund, user
from tests.market_rows import a_buying_deal, a_pairing, a_selling_deal, an_empty_round
from tests.withdrawals import stranger_address
from wallet.domain.tron.addresses import to_base58
from wallet.models import Account, AddressBookEntry, Deposit, HaltReason
from wallet.services import address_book, halts, liabilities, withdrawals

SECRET_NAME = "olgas-secret-film.mkv"


@dataclass(frozen=True)
class Box:
    """What the rows speak about."""

    holding: Holding
    invitation: Invitation
    token: str
    member: User
    transfer_id: int  # of a deposit to the owner


def of_holding(box: Box) -> list[object]:
    return [box.holding.pk]


def of_member(box: Box) -> list[object]:
    return [box.member.pk]


def owners_other_login(box: Box) -> int:
    let_in(box.holding.user)
    return int(UserSession.objects.filter(user=box.holding.user).latest("pk").pk)


def owners_passkey(box: Box) -> int:
    """Return a passkey of the owner; nobody signs in with it here."""
    data = {"name": "Phone", "credential": {}}
    made = Authenticator.objects.create(user=box.holding.user, type=Authenticator.Type.WEBAUTHN, data=data)
    return int(made.pk)


def owners_account(box: Box) -> list[object]:
    """Return the account into which money came with a memo as secret as the torrent's name."""
    return [Account.objects.get(ref=str(box.holding.user_id)).pk]


def counted_owner(box: Box) -> list[object]:
    """Return a snapshot of what is owed, in which the owner alone has something."""
    return [liabilities.take_snapshot(ASSET, NOW).pk]


def owners_deposit(box: Box) -> list[object]:
    found = Deposit.objects.first()
    return [(found or a_deposit(box.holding.user_id)).pk]


def standing_halt(box: Box) -> list[object]:
    halts.halt(HaltReason.OPERATOR, "because", NOW)
    return [halts.standing()[0].pk]


def owners_withdrawal(box: Box) -> list[object]:
    """Return a withdrawal that waits in the queue, to an address with a label as secret as the torrent's name."""
    owner_id = box.holding.user_id
    fund(user(owner_id), 100 * BTT)
    entry = address_book.add(owner_id, to_base58(stranger_address()), label=SECRET_NAME, now=NOW)
    wish = withdrawals.Wish(user_id=owner_id, address=entry.address, amount_ubtt=50 * BTT, fee_ubtt=1, key="ab" * 16)
    return [withdrawals.request(wish, now=NOW).pk]


def owners_address(box: Box) -> list[object]:
    owners_withdrawal(box)
    return [AddressBookEntry.objects.latest("pk").pk]


def deal_about_owners_torrent(box: Box) -> list[object]:
    return [(SellingDeal.objects.first() or a_selling_deal(box.holding.torrent)).pk]


def owners_pairing(box: Box) -> list[object]:
    return [a_pairing(box.holding.user_id).pk]


def owners_purchase(box: Box) -> list[object]:
    return [(BuyingDeal.objects.first() or a_buying_deal(box.holding)).pk]


def owners_seller(box: Box) -> list[object]:
    owners_purchase(box)
    return [BuyingDeal.objects.latest("pk").peer_key]


def an_avoided_seller(box: Box) -> list[object]:
    avoided.avoid("02" + "ab" * 32, cause=Cause.WRONG_ROUND, text="A sum was wrong.", now=timezone.now())
    return ["02" + "ab" * 32]


def owners_notice(box: Box) -> list[object]:
    """Return a notice of which everybody else must learn nothing, and the owner on each page."""
    key, owner = "complete/1", box.holding.user
    text = f"{SECRET_NAME} is complete."
    return [Notice.objects.get_or_create(user=owner, key=key, kind="complete", at=NOW, tone="info", text=text)[0].pk]


def a_round(box: Box) -> list[object]:
    return ["local", an_empty_round().number]
