"""Reading the chain. A view ends at a height: the head's shows what is pending, too, the solid one ends earlier."""

from collections.abc import Sequence
from threading import RLock

from wallet.devnet import tokens
from wallet.devnet.accounts import (
    account_of,
    active_permissions,
    allowance_key,
    amount_of,
    asset_key,
    owner_permission,
    token_key,
)
from wallet.devnet.answers import (
    AccountAnswer,
    Asset,
    Block,
    BlockRef,
    BlockTransaction,
    Call,
    Info,
    Involvement,
    Resources,
    SignWeight,
    TokenContract,
)
from wallet.devnet.execution import why_not
from wallet.devnet.parameters import Lags
from wallet.devnet.parts import Parts
from wallet.devnet.resources import recovered
from wallet.devnet.signatures import approved_list, sign_weight
from wallet.devnet.state import Reader, StateAt
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import number_of
from wallet.domain.tron.transactions import Contract, Raw, Signed

MAX_BLOCKS = 100  # of one run
MAX_INVOLVEMENTS = 1_000  # of one page


class NoContract(LookupError):
    """Smart contract is not exist."""

    def __init__(self) -> None:
        super().__init__(NoContract.__doc__)


class CallReverted(Exception):
    """REVERT opcode executed"""

    def __init__(self, returned: bytes) -> None:
        super().__init__(CallReverted.__doc__)
        self.returned = returned


class View:
    """The chain up to a height. Get one from `Devnet.view`; it follows the chain and can be kept. Thread-safe."""

    def __init__(self, lock: RLock, parts: Parts, *, is_solid: bool, lags: Lags | None) -> None:
        self._lock = lock
        self._parts = parts
        self._is_solid = is_solid
        self._own_lags = lags

    def tip(self) -> BlockRef:
        """Return the newest block of this view."""
        with self._lock:
            ref = self._parts.store.ref(self._height())
            assert ref is not None, "blocks have no gaps"
            return ref

    def block(self, number: int) -> Block | None:
        with self._lock:
            return self._parts.store.block(number) if 0 <= number <= self._height() else None

    def block_by_id(self, block_id: bytes) -> Block | None:
        block = self.block(number_of(block_id)) if len(block_id) == 32 else None
        return block if block is not None and block.id == block_id else None

    def blocks(self, first: int, end: int) -> list[Block]:
        """Return the blocks from `first` up to, not including, `end` that exist. At most 100, else ValueError."""
        if end - first > MAX_BLOCKS:
            raise ValueError(f"at most {MAX_BLOCKS} blocks at once")
        with self._lock:
            found = [self.block(number) for number in range(max(first, 0), end)]
        return [block for block in found if block is not None]

    def ids(self, first: int, end: int) -> list[tuple[int, bytes]]:
        """Return numbers and ids of the blocks from `first` up to, not including, `end` that exist."""
        with self._lock:
            return self._parts.store.ids(max(first, 0), min(end, self._height() + 1))

    def transaction(self, tx_id: bytes) -> BlockTransaction | None:
        """Return a transaction of a block; the head's view (without a head lag) knows pending ones too."""
        with self._lock:
            place = self._place(tx_id)
            if place is not None:
                block = self._parts.store.block(place[0])
                assert block is not None, "a place lies in a block"
                return block.transactions[place[1]]
            return self._parts.pending.transaction(tx_id) if self._shows_pending() else None

    def info(self, tx_id: bytes) -> Info | None:
        """Return the receipt of a transaction once it is in a block of this view."""
        with self._lock:
            place = self._place(tx_id)
            return None if place is None else self._parts.store.infos(place[0])[place[1]]

    def infos(self, number: int) -> list[Info]:
        """Return the receipts of a block, in its order."""
        with self._lock:
            return list(self._parts.store.infos(number)) if 0 <= number <= self._height() else []

    def history(
        self, address: Address, *, limit: int, after: tuple[int, int] | None = None, is_oldest_first: bool = False
    ) -> list[Involvement]:
        """Return transactions that touch an address, newest first unless told otherwise.

        `after` is (block number, position) of the last one of the page before this, in the same order.
        """
        with self._lock:
            start, end = (0, 0), (self._height() + 1, 0)
            if after is not None and is_oldest_first:
                start = (after[0], after[1] + 1)
            elif after is not None:
                end = min(end, after)
            places = self._parts.store.places_of(
                address, start=start, end=end, limit=min(limit, MAX_INVOLVEMENTS), is_oldest_first=is_oldest_first
            )
            return [self._involvement(number, position) for number, position in places]

    def account(self, address: Address) -> AccountAnswer | None:
        with self._lock:
            state = self._state()
            account = account_of(state, address)
            if account is None:
                return None
            held = {number: state.get(asset_key(address, number)) for number in self._parts.rules.assets}
            return AccountAnswer(
                address=address,
                balance_sun=account.balance_sun,
                created_ms=account.created_ms,
                latest_operation_ms=account.latest_operation_ms,
                free_net_usage_bytes=account.free_net_usage_bytes,
                is_contract=account.is_contract,
                owner=owner_permission(address, account),
                actives=active_permissions(address, account),
                assets={number: amount for number, amount in held.items() if isinstance(amount, int)},
            )

    def resources(self, address: Address) -> Resources | None:
        with self._lock:
            account = account_of(self._state(), address)
            if account is None:
                return None
            rules = self._parts.rules
            slot = rules.slot(self.tip().timestamp_ms)
            return Resources(
                free_net_used_bytes=recovered(account.free_net_usage_bytes, account.free_net_slot, slot),
                free_net_limit_bytes=rules.parameters.free_net_limit_bytes,
                total_net_limit=rules.parameters.total_net_limit,
                total_net_weight=rules.parameters.total_net_weight,
                total_energy_limit=rules.parameters.total_energy_limit,
                total_energy_weight=rules.parameters.total_energy_weight,
            )

    def token_balance(self, contract: Address, holder: Address) -> int:
        with self._lock:
            return amount_of(self._state(), token_key(contract, holder))

    def allowance(self, contract: Address, owner: Address, spender: Address) -> int:
        with self._lock:
            return amount_of(self._state(), allowance_key(contract, owner, spender))

    def assets(self) -> Sequence[Asset]:
        return tuple(self._parts.rules.assets.values())

    def asset(self, asset_id: int) -> Asset | None:
        return self._parts.rules.assets.get(asset_id)

    def contracts(self) -> Sequence[TokenContract]:
        return tuple(self._parts.rules.contracts.values())

    def contract(self, address: Address) -> TokenContract | None:
        return self._parts.rules.contracts.get(address)

    def constant_call(self, *, owner: Address, contract: Address, data: bytes, is_paid: bool = False) -> Call:
        """Run a call and forget what it wrote. Raises NoContract."""
        token = self.contract(contract)
        if token is None:
            raise NoContract
        with self._lock:
            parameters = self._parts.rules.parameters
            ran = tokens.call(self._state(), parameters, token, caller=owner, data=data, is_paid=is_paid)
            return Call(ran.returned, ran.energy, ran.is_reverted, ran.logs)

    def estimate_energy(self, *, owner: Address, contract: Address, data: bytes, is_paid: bool = False) -> int:
        """Return the energy that a call needs. Raises NoContract and CallReverted."""
        call = self.constant_call(owner=owner, contract=contract, data=data, is_paid=is_paid)
        if call.is_reverted:
            raise CallReverted(call.returned)
        return call.energy_used

    def why_not(self, contract: Contract) -> str | None:
        """Return why a contract cannot be built now, in java-tron's words without the prefix, or None if it can."""
        with self._lock:
            return why_not(self._state(), self._parts.rules, contract)

    def sign_weight(self, signed: Signed, raw: Raw) -> SignWeight:
        """Weigh the signatures of a transaction (getsignweight)."""
        with self._lock:
            return sign_weight(self._state(), raw, signed, signed.tx_id)

    def approved_list(self, signed: Signed, raw: Raw) -> SignWeight:
        """Return who signed a transaction (getapprovedlist)."""
        with self._lock:
            return approved_list(self._state(), raw, signed, signed.tx_id)

    def _lags(self) -> Lags:
        return self._own_lags or self._parts.lags

    def _height(self) -> int:
        head = self._parts.head_number(self._lags())
        return min(head, self._parts.solid_number(self._lags())) if self._is_solid else head

    def _shows_pending(self) -> bool:
        return not self._is_solid and self._height() == self._parts.head.number

    def _state(self) -> Reader:
        return self._parts.state if self._shows_pending() else StateAt(self._parts.state, self._height())

    def _place(self, tx_id: bytes) -> tuple[int, int] | None:
        place = self._parts.store.place_of(tx_id)
        return place if place is not None and place[0] <= self._height() else None

    def _involvement(self, number: int, position: int) -> Involvement:
        block, infos = self._parts.store.block(number), self._parts.store.infos(number)
        assert block is not None, "a place lies in a block"
        return Involvement(position, block.transactions[position], infos[position])
