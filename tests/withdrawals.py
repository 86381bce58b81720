"""A chain in memory, a signer and a driver, for tests of withdrawals: time passes when a test says so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.builders import NOW
from tests.ledger import BTT, fund
from tests.signers import HOT, found_signer
from wallet.chain.endpoints import Chain
from wallet.chain.fake import FakeChain
from wallet.chain.fake_endpoint import FakeEndpoint
from wallet.domain.accounts import AccountKind, own_account, user_account
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.networks import BLOCK_MS, DEVNET
from wallet.domain.tron.abi import decode_transfer_call
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.keys import address_of_key, sha256
from wallet.domain.tron.transactions import TransferAsset, TriggerContract
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState
from wallet.models import (
    Account,
    AddressBookEntry,
    Attempt,
    AttemptEvent,
    ChainCursor,
    InstallAddress,
    InstallRole,
    Transfer,
    Withdrawal,
    WithdrawalDesk,
    WithdrawalRules,
)
from wallet.services import address_book, deposit_addresses, scanning, withdrawal_rules, withdrawals, withdrawing
from wallet.services.chain_reading import time_of
from wallet.services.install import market_asset
from wallet.signer.protocol import SignedAttempt, SignerError, SignerStatus, SignRequest
from wallet.signer.signer import Signer

T = TypeVar("T")
SLOW_BLOCK_MS = 12_000  # fewer looks until an attempt's time is over
UNITS_OF_TRC20 = 10**12  # for one µBTT
TRX = 1_000_000


def stranger_address(number: int = 1) -> Address:
    return address_of_key(sha256(b"stranger %d" % number))


class WatchedSigner:
    """The real signer, without its process; notes what it was asked, and fails before or after it has signed.

    As there it answers one question after the other, in a thread of its own: several workers may ask at once.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = ThreadPoolExecutor(1)
        self._found: Signer | None = None  # not before it is asked: it writes to the disk what it is
        self.requests: list[SignRequest] = []
        self.problem: SignerError | None = None
        self.problem_after_signing: SignerError | None = None
        self.silence: SignerError | None = None  # when it is asked what it has signed

    def _ask(self, question: Callable[[Signer], T]) -> T:
        return self._turns.submit(lambda: question(self._opened())).result()

    def _opened(self) -> Signer:
        self._found = self._found or found_signer(self._folder)
        return self._found

    def status(self) -> SignerStatus:
        return self._ask(lambda signer: signer.status())

    def account_xpub(self) -> str:
        return self._ask(lambda signer: signer.account_xpub())

    def confirm_address(self, index: int) -> str:
        return self._ask(lambda signer: signer.confirm_address(index))

    def signed_for(self, subject: str) -> SignedAttempt | None:
        if self.silence is not None:
            raise self.silence
        return self._ask(lambda signer: signer.signed_for(subject))

    def addresses(self, first: int) -> list[int]:
        return self._ask(lambda signer: signer.addresses(first))

    def sign(self, request: SignRequest) -> bytes:
        self.requests.append(request)
        if self.problem is not None:
            raise self.problem
        signature = self._ask(lambda signer: signer.sign(request))
        if self.problem_after_signing is not None:
            raise self.problem_after_signing
        return signature

    def close(self) -> None:
        if self._found is not None:
            self._ask(lambda signer: signer.close())
        self._turns.shutdown()


@dataclass
class World:
    """A funded hot address on a chain with two endpoints. `tick` makes blocks and lets the driver look after each."""

    folder: Path  # of the signer
    chain: FakeChain = field(default_factory=lambda: FakeChain(DEVNET))
    now: datetime = NOW
    is_quick: bool = False  # the signer is not asked for its keys before it signs: there are no deposits
    agrees: bool = True  # the chain and the books, whenever the driver looks
    scans: bool = False  # with every tick, as nothing is given up that was not scanned

    def __post_init__(self) -> None:
        self.signer = WatchedSigner(self.folder)
        self.one, self.two = FakeEndpoint(self.chain, "one"), FakeEndpoint(self.chain, "two")
        self.door = self.another_door()
        if self.is_quick:
            InstallAddress.objects.create(network="devnet", role=InstallRole.HOT, address=to_base58(HOT), made_at=NOW)
        else:
            assert deposit_addresses.confirm_key(self.signer, now=self.now)
        self.chain.pay_trx(HOT, 10_000 * TRX)
        self.chain.pay_asset(HOT, 10**9 * BTT)
        self.chain.pay_token(HOT, 10**9 * BTT * UNITS_OF_TRC20)
        self.chain.make_solid()
        genesis = self.chain.block(0)
        assert genesis is not None
        ChainCursor.objects.create(
            network="devnet",
            genesis_id=genesis.id.hex(),
            first_height=0,
            height=0,
            block_id=genesis.id.hex(),
            block_at=time_of(genesis.timestamp_ms),
            moved_at=self.now,
            reconciled_at=self.now,
        )

    def another_door(self) -> Chain:
        """Return the chain as another worker sees it."""
        return Chain([self.one, self.two], DEVNET, clock=lambda: self.now.timestamp())

    def agree(self) -> None:
        """Let the chain have been read and compared just now: what people have here, nobody has paid in."""
        if self.agrees:
            ChainCursor.objects.update(reconciled_at=self.now, moved_at=self.now)

    def step(self) -> withdrawing.Stepped:
        """Let the driver look once, a second later."""
        self.now += timedelta(seconds=1)
        self.agree()
        return withdrawing.step(self.door, self.signer, now=self.now)

    def tick(self, blocks: int = 1, *, block_ms: int = BLOCK_MS) -> None:
        """Let blocks come, and the driver look after each of them."""
        for _ in range(blocks):
            self.chain.mine(block_ms=block_ms)
            self.now += timedelta(milliseconds=block_ms)
            if self.scans:
                self.scan()
            self.agree()
            withdrawing.step(self.door, self.signer, now=self.now)

    def tick_past_expiration(self) -> None:
        """Let the newest attempt's time pass, irreversibly, and the driver look for a while longer."""
        self.scans = True
        expiration_ms = Attempt.objects.latest("pk").expiration_ms
        while self.chain.solid.timestamp_ms < expiration_ms:
            self.tick(block_ms=SLOW_BLOCK_MS)

    def scan(self) -> None:
        """Let the scanner read all solid blocks."""
        assert deposit_addresses.confirm_key(self.signer, now=self.now)
        while scanning.scan(self.door, now=self.now):
            pass

    def request(self, user_id: int, amount_btt: int = 100, *, to: Address | None = None, **fields: Any) -> Withdrawal:
        """Ask for a withdrawal as the page does; the address is in the book."""
        address = to or stranger_address()
        if address_book.find(user_id, address) is None:
            address_book.add(user_id, to_base58(address), label="", now=self.now)
        wish: dict[str, Any] = {
            "user_id": user_id,
            "address": to_base58(address),
            "amount_ubtt": amount_btt * BTT,
            "fee_ubtt": BTT,
            "key": fresh_form_key(),
        }
        return withdrawals.request(withdrawals.Wish(**wish | fields), now=self.now)

    def paid(self, to: Address | None = None) -> list[int]:
        """Return what the hot address has paid to somebody, by every transaction in any block, in µBTT."""
        to, found = to or stranger_address(), []
        for number in range(self.chain.head.number + 1):
            block = self.chain.block(number)
            assert block is not None
            for transaction in block.transactions:
                if transaction.contract_ret == "SUCCESS":
                    found += _paid_by(transaction.raw.contract, to)
        return found


def _paid_by(contract: object, to: Address) -> list[int]:
    if isinstance(contract, TransferAsset) and (contract.owner, contract.to) == (HOT, to):
        return [contract.amount]
    if isinstance(contract, TriggerContract) and contract.owner == HOT:
        call = decode_transfer_call(contract.data)
        if call is not None and call[0] == to:
            return [call[1] // UNITS_OF_TRC20]
    return []


def check_paid_once(world: World, withdrawal: Withdrawal) -> None:
    """What left is what the books say, once, and nothing is under way any more."""
    withdrawal.refresh_from_db()
    assert withdrawal.state == WithdrawalState.FINAL
    assert world.paid() == [withdrawal.amount_ubtt]
    assert of_install(AccountKind.IN_FLIGHT) == 0
    booked = Transfer.objects.filter(kind=TransferKind.WITHDRAWAL_FINAL, credit__kind=AccountKind.CHAIN)
    assert list(booked.values_list("amount_ubtt", flat=True)) == [withdrawal.amount_ubtt]


def a_row_of_each_withdrawal() -> None:
    """Make a row in every table that withdrawals have."""
    asked = Withdrawal.objects.create(
        user_id=1,
        key=fresh_form_key(),
        asset=Asset.TRC20,
        amount_ubtt=1,
        fee_ubtt=0,
        address="TX",
        state=WithdrawalState.SENDING,
        hold_id=1,
        needs_approval=False,
        requested_at=NOW,
    )
    attempt = Attempt.objects.create(
        withdrawal=asked,
        number=1,
        raw_bytes=b"raw",
        tx_id="ab" * 32,
        expiration_ms=0,
        reference_number=1,
        reference_id=bytes(32),
        reference_header=b"header",
        fee_estimate_sun=0,
        state=AttemptState.PREPARED,
        next_try_at=NOW,
        prepared_at=NOW,
    )
    AttemptEvent.objects.create(attempt=attempt, at=NOW, what="prepared")
    AddressBookEntry.objects.create(user_id=1, address="TX", added_at=NOW, usable_at=NOW)
    WithdrawalRules.objects.create(
        at=NOW, actor_id=1, actor_name="ada", reason="because", key_hash=bytes(16), **withdrawal_rules.DEFAULTS
    )
    WithdrawalDesk.objects.create(looked_at=NOW)


_form_keys = iter(range(1, 10**9))


def fresh_form_key() -> str:
    return f"{next(_form_keys):032x}"


def rich(user_id: int, amount_btt: int = 1_000) -> None:
    fund(user_account(market_asset(), user_id), amount_btt * BTT)


def money(user_id: int) -> tuple[int, int]:
    """Return what a user has available and held, in BTT."""
    account = Account.objects.get(asset=market_asset(), kind=AccountKind.USER, ref=str(user_id))
    return account.available_ubtt // BTT, account.held_ubtt // BTT


def of_install(kind: AccountKind, asset: Asset | None = None) -> int:
    """Return the balance of one of the install's own accounts, in BTT."""
    name = own_account(asset or market_asset(), kind)
    found = Account.objects.filter(asset=name.asset, kind=name.kind, ref=name.ref).first()
    return found.balance_ubtt // BTT if found else 0
