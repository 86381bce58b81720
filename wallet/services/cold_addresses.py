"""Cold addresses: our own, whose keys are kept elsewhere. Watched, counted, and never paid to by the signer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.chain.endpoints import Chain
from wallet.chain.port import MAX_BLOCKS, ChainError
from wallet.domain.deposits import Place, format_units
from wallet.domain.money import Asset
from wallet.domain.tron.addresses import BLACK_HOLE, ZERO_ADDRESS, Address, BadAddress, parse_address, to_base58
from wallet.models import InstallAddress, InstallRole, RetiredAddress
from wallet.services import news, pending
from wallet.services.holdings_on_chain import holdings
from wallet.services.own_addresses import cursor, is_own
from wallet.services.refusals import Refused
from wallet.services.watched import Owner, watched

CHECKED = "T"  # how an address begins that has a check sum
NO_CHECK_SUM = gettext_noop("Write it as T…: in hex it has no check sum, and nobody would see a wrong digit.")
NOBODYS = gettext_noop("Nobody has the key of this address.")
OURS = gettext_noop("The box has this address already, as its own, a user's, or one that was removed: take another.")
A_CONTRACT = gettext_noop("This is the address of a contract: what comes to it is not ours to spend.")
NOT_OURS = gettext_noop("This is no cold address of the box.")
NO_CHAIN = gettext_noop(
    "The chain does not answer at the moment, so nobody can say what is on this address. Try again in a minute."
)
MOVED = gettext_noop(
    "Money moved to or from it in blocks that are not read yet. Try again in some minutes, when they are."
)
READING = gettext_noop(
    "Blocks that may pay to it are still being read. Try again when the reserves page says that it is up to date."
)


@dataclass(frozen=True)
class ColdAddress:
    """One that counts, and what it holds by the blocks that were read."""

    address: str  # T…
    made_at: datetime
    units: Mapping[Asset, int]

    @property
    def held(self) -> dict[str, str]:
        return {asset.unit: format_units(units, asset) for asset, units in self.units.items()}


def add(chain: Chain, text: str, *, now: datetime) -> ColdAddress:
    """Watch an address of the operator's from now on, as the box's own. Raises Refused.

    It must be empty: the books begin with what is seen to come, so what was there before would be missing in them. And
    empty already where the scan stands: what left it later would be read as the box's own.
    """
    address = _read(text)
    _check_on_chain(chain, address)
    _refuse_what_moved(chain, address)
    try:
        with transaction.atomic():
            made = InstallAddress.objects.create(
                network=chain.network.name, role=InstallRole.COLD, address=to_base58(address), made_at=now
            )
    except IntegrityError:  # somebody else was faster
        raise Refused(OURS) from None
    news.reserves_changed()
    return ColdAddress(made.address, made.made_at, dict.fromkeys(Asset, 0))


def listed() -> list[ColdAddress]:
    """Return those that count, oldest first."""
    found = cursor()
    held = holdings(found.network, found.height) if found else None
    return [
        ColdAddress(one.address, one.made_at, {asset: held.of(one.address, asset) if held else 0 for asset in Asset})
        for one in _standing().order_by("pk")
    ]


def remove(chain: Chain, text: str, *, now: datetime) -> None:
    """Watch an address no longer, if it is empty; it can't come back. Raises Refused."""
    try:
        address = to_base58(parse_address(text))
    except BadAddress as problem:
        raise Refused(str(problem)) from None
    found = cursor()
    if found is not None and found.height < found.solid_height:
        raise Refused(READING)
    one = next((one for one in listed() if one.address == address), None)
    if one is None:
        raise Refused(NOT_OURS)
    _refuse_what_is_there(one.units)
    _check_on_chain(chain, parse_address(address))  # what is not final yet
    RetiredAddress.objects.get_or_create(
        address=_standing().get(address=address),
        defaults={"retired_at": now},
    )
    news.reserves_changed()


def _standing() -> QuerySet[InstallAddress]:
    return InstallAddress.objects.filter(network=settings.WALLET_NETWORK, role=InstallRole.COLD, retired=None)


def _read(text: str) -> Address:
    try:
        address = parse_address(text)
    except BadAddress as problem:
        raise Refused(str(problem)) from None
    if not text.strip().startswith(CHECKED):
        raise Refused(NO_CHECK_SUM)
    if address in (ZERO_ADDRESS, BLACK_HOLE):
        raise Refused(NOBODYS)
    if is_own(to_base58(address)) or address in watched(settings.WALLET_NETWORK):
        raise Refused(OURS)
    return address


def _check_on_chain(chain: Chain, address: Address) -> None:
    assets = chain.network.assets
    try:
        account = chain.account(address)
        if account.is_contract or address == assets.trc20_contract:
            raise Refused(A_CONTRACT)
        there = {
            Asset.TRX: account.balance_sun,
            Asset.TRC10: account.assets.get(assets.trc10_id, 0),
            Asset.TRC20: chain.token_balance(assets.trc20_contract, address),
        }
    except ChainError:
        raise Refused(NO_CHAIN) from None
    _refuse_what_is_there(there)


def _refuse_what_moved(chain: Chain, address: Address) -> None:
    """Refuse if a block moves anything of it that the scan reads later; to be asked when the address was seen empty.

    One that an endpoint has just heard of, and the others not, may be missed.
    """
    found = cursor()
    try:
        height = found.height if found else chain.solid_agreement().number
        heights = chain.heights()
        if not height <= heights.head.number <= height + MAX_BLOCKS:
            raise Refused(READING)
        if pending.not_solid_yet(chain, height, heights, {address: Owner(to_base58(address), Place.INSTALL)}):
            raise Refused(MOVED)
    except ChainError:
        raise Refused(NO_CHAIN) from None


def _refuse_what_is_there(units: Mapping[Asset, int]) -> None:
    there = [f"{format_units(amount, asset)} {asset.unit}" for asset, amount in units.items() if amount]
    if there:
        says = _("There is %(there)s on it: only an empty address can be added or removed.")
        raise Refused(says % {"there": ", ".join(there)})
