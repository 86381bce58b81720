"""The addresses to which a user may withdraw. A new one waits: a stolen login can't empty an account at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.tron.addresses import BLACK_HOLE, ZERO_ADDRESS, Address, BadAddress, parse_address, to_base58
from wallet.models import AddressBookEntry
from wallet.services import own_addresses, withdrawal_rules
from wallet.services.refusals import Refused

MAX_ENTRIES = 50
MAX_LABEL_CHARS = 60

NOBODYS = gettext_noop("Nobody can spend what is sent to this address: it would be lost. Choose one of your own.")
OURS = gettext_noop(
    "This address belongs to this box: it is your own deposit address or another user's. To other users money goes by "
    "name, without any fee."
)


def read_address(text: str) -> Address:
    """Return an address that may be withdrawn to by its looks alone: T…, 41… or 0x41…. Raises Refused."""
    try:
        address = parse_address(text)
    except BadAddress as problem:
        raise Refused(str(problem)) from None
    if address in (ZERO_ADDRESS, BLACK_HOLE):
        raise Refused(NOBODYS)
    if own_addresses.is_own(to_base58(address)):
        raise Refused(OURS)
    return address


def entries(user_id: int) -> Sequence[AddressBookEntry]:
    """Return a user's addresses, the newest first."""
    return list(AddressBookEntry.objects.filter(user_id=user_id, removed_at=None).order_by("-pk")[:MAX_ENTRIES])


def find(user_id: int, address: Address) -> AddressBookEntry | None:
    """Return the entry of an address in whatever form it was written."""
    return AddressBookEntry.objects.filter(user_id=user_id, address=to_base58(address), removed_at=None).first()


def add(user_id: int, text: str, *, label: str, now: datetime) -> AddressBookEntry:
    """Put an address into a user's book; one that is there stays as it is. Raises Refused."""
    address = read_address(text)
    if (there := find(user_id, address)) is not None:
        return there
    if AddressBookEntry.objects.filter(user_id=user_id, removed_at=None).count() >= MAX_ENTRIES:
        raise Refused(
            _("Your book is full: it has room for %(max_entries)s addresses. Remove one first.")
            % {"max_entries": MAX_ENTRIES}
        )
    wait = timedelta(seconds=withdrawal_rules.current().address_wait_s)
    try:
        with transaction.atomic():
            return AddressBookEntry.objects.create(
                user_id=user_id, address=to_base58(address), label=label, added_at=now, usable_at=now + wait
            )
    except IntegrityError:
        there = find(user_id, address)
        if there is None:
            raise
        return there


def remove(user_id: int, entry_id: int, *, now: datetime) -> bool:
    """Take an address out of the book; say whether it was there. Added again, it waits again."""
    own = AddressBookEntry.objects.filter(user_id=user_id, pk=entry_id, removed_at=None)
    return bool(own.update(removed_at=now))
