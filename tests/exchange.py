"""A chain in memory with two endpoints, a signer with real keys, and scans of it, for tests of the exchange."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.builders import NOW
from tests.ledger import balance
from wallet.chain.endpoints import Chain
from wallet.chain.fake import FakeChain
from wallet.chain.fake_endpoint import FakeEndpoint
from wallet.domain.accounts import AccountKind, own_account, user_account
from wallet.domain.money import Asset
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import Address, parse_address, to_base58
from wallet.domain.tron.derivation import AccountKey, seed_of
from wallet.domain.tron.keys import address_of_key, sign
from wallet.models import ChainCursor, Deposit
from wallet.services import deposit_addresses, scanning
from wallet.signer.protocol import (
    ADDRESSES_AT_ONCE,
    SignedAttempt,
    SignerAway,
    SignerConflict,
    SignerRefused,
    SignerStatus,
    SignRequest,
)

PHRASE = "test test test test test test test test test test test junk"  # of nobody's money
TOKEN = DEVNET.assets.trc20_contract
BTT = 10**18  # TRC-20 units
BTTOLD = 10**6
SUN = 10**6
STRANGER = address_of_key(bytes.fromhex("51" * 32))


@dataclass
class KeySigner:
    """A signer that signs whatever it is asked, with the keys of a seed."""

    seed: bytes = field(default_factory=lambda: seed_of(PHRASE))
    is_away: bool = False
    refuses: str = ""
    conflicts: int = 0  # how many of the next it has signed before, with other bytes
    signed: list[SignRequest] = field(default_factory=list)
    confirmed: set[int] = field(default_factory=set)

    @property
    def deposits(self) -> AccountKey:
        return AccountKey.from_seed(self.seed, 0)

    @property
    def hot_key(self) -> bytes:
        return AccountKey.from_seed(self.seed, 1).private_key(0)

    def status(self) -> SignerStatus:
        if self.is_away:
            raise SignerAway("nobody is there")
        hot = to_base58(address_of_key(self.hot_key))
        return SignerStatus(True, "", "devnet", hot, self.deposits.xpub(), 0, "", None, ())

    def account_xpub(self) -> str:
        return self.deposits.xpub()

    def confirm_address(self, index: int) -> str:
        self.confirmed.add(index)
        return to_base58(address_of_key(self.deposits.private_key(index)))

    def signed_for(self, subject: str) -> SignedAttempt | None:
        """Nobody asks it: it signs no withdrawals."""

    def addresses(self, first: int) -> list[int]:
        return sorted(index for index in self.confirmed if index >= first)[:ADDRESSES_AT_ONCE]

    def sign(self, request: SignRequest) -> bytes:
        if self.is_away:
            raise SignerAway("nobody is there")
        if self.refuses:
            raise SignerRefused(self.refuses)
        if self.conflicts:
            self.conflicts -= 1
            raise SignerConflict("I have signed other bytes for that.")
        self.signed.append(request)
        key = self.hot_key if request.from_index is None else self.deposits.private_key(request.from_index)
        return sign(key, request.tx_id)


@dataclass
class Exchange:
    """An install on a chain in memory. Its time goes on with each scan."""

    fake: FakeChain = field(default_factory=lambda: FakeChain(DEVNET))
    signer: KeySigner = field(default_factory=KeySigner)
    now: datetime = NOW
    confirms: bool = True  # the key, at once

    def __post_init__(self) -> None:
        self.endpoints = [FakeEndpoint(self.fake, name) for name in ("first", "second")]
        self.chain = Chain(self.endpoints, DEVNET, clock=self._seconds)
        if self.confirms:
            deposit_addresses.confirm_key(self.signer, now=self.now)

    @property
    def hot(self) -> Address:
        return address_of_key(self.signer.hot_key)

    @property
    def cursor(self) -> ChainCursor:
        return ChainCursor.objects.get()

    def address(self, user_id: int) -> Address:
        return parse_address(deposit_addresses.address_for(user_id, now=self.now).address)

    def restart(self) -> None:
        """Let another process take over, which knows nothing but the database."""
        self.chain = Chain(self.endpoints, DEVNET, clock=self._seconds)

    def scan(self) -> int:
        self.now += timedelta(minutes=1)  # an endpoint that failed is asked again
        return scanning.scan(self.chain, now=self.now)

    def scan_all(self) -> None:
        while self.scan():
            pass

    def arrive(self) -> None:
        """Let all that is pending become solid, and scan it."""
        self.fake.make_solid()
        self.scan_all()

    def deposit(self, user_id: int, units: int, asset: Asset = Asset.TRC20) -> bytes:
        """Send something to a user's address, and let it become solid."""
        tx_id = self.pay(self.address(user_id), units, asset)
        self.arrive()
        return tx_id

    def pay(self, to: Address, units: int, asset: Asset = Asset.TRC20) -> bytes:
        if asset is Asset.TRX:
            return self.fake.pay_trx(to, units)
        return self.fake.pay_asset(to, units) if asset is Asset.TRC10 else self.fake.pay_token(to, units)

    def _seconds(self) -> float:
        return self.now.timestamp()


def credited(user_id: int, asset: Asset = Asset.TRC20) -> int:
    return balance(user_account(asset, user_id))


def own(kind: AccountKind, asset: Asset = Asset.TRC20) -> int:
    return balance(own_account(asset, kind))


def fates() -> list[tuple[str, int, int]]:
    """Return what became of each deposit: fate, µBTT, remainder."""
    return list(Deposit.objects.order_by("pk").values_list("fate", "amount_ubtt", "remainder"))
