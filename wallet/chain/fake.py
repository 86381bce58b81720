"""A chain in memory, for tests and for the simulation: real ids, roots and signatures, and blocks only on demand.

Endpoints are views on it, each with faults of its own (`fake_endpoint`). What tests want on it comes by real
transactions of a faucet, so a scanner sees all of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from wallet.chain.fake_execution import TRX, Books, Execution, Outcome, Refused, Undo
from wallet.chain.port import Block, BroadcastCode, ChainParameters, ChainTransaction, Receipt
from wallet.chain.verification import block_of, transaction_of
from wallet.domain.networks import BLOCK_MS, DEVNET, Network
from wallet.domain.tron.abi import transfer_call
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import Header, block_id, ref_of, tx_trie_root
from wallet.domain.tron.keys import BadSignature, address_of_key, recover, sha256, sign
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    MAX_TRANSACTION_BYTES,
    Contract,
    Raw,
    Result,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    decode_transaction,
    encode_raw,
    encode_transaction,
)

START_MS = 1_700_000_000_000
LIFE_MS = 60_000  # of the faucet's transactions
DAY_MS = 24 * 3600 * 1000
FEE_LIMIT_SUN = 100_000_000
FAUCET_KEY = sha256(b"the faucet of the fake chain")
FAUCET = address_of_key(FAUCET_KEY)
PLENTY_SUN = 10**17
PLENTY_ASSET = 10**17
PLENTY_TOKEN = 10**32
PARAMETERS = ChainParameters(
    transaction_fee_sun=1_000,
    energy_fee_sun=100,
    create_account_fee_sun=100_000,
    new_account_fee_sun=1_000_000,
)


@dataclass(frozen=True, slots=True)
class _Mined:
    block: Block
    receipts: tuple[Receipt, ...]
    undo: Undo
    taken: tuple[Signed, ...]


class FakeChain:
    """One thread at a time. `salt` makes another chain of the same network."""

    def __init__(
        self, network: Network = DEVNET, *, solid_lag: int = 2, start_ms: int = START_MS, salt: int = 0
    ) -> None:
        self.network = network
        self.solid_lag = solid_lag
        self.books = Books()
        self.execution = Execution(self.books, PARAMETERS)
        self.pending: dict[bytes, Signed] = {}
        self.swallowed: set[bytes] = set()  # accepted, and never taken into a block
        self.refused_receivers: set[Address] = set()  # whom the token does not serve, when it is asked beforehand
        self._salt = salt
        self._solid = 0
        self._numbers: dict[bytes, int] = {}  # of the block that a transaction is in
        self._by_tag = 0  # makes otherwise equal transactions of the faucet differ
        self._mined: list[_Mined] = []
        self._append(start_ms, [], bytes(32))
        assets = network.assets
        self.execution.tokens.add(assets.trc20_contract)
        self._fill_faucet(TRX, PLENTY_SUN)
        self._fill_faucet(assets.trc10_id, PLENTY_ASSET)
        self._fill_faucet(assets.trc20_contract, PLENTY_TOKEN)

    # --- what is there

    @property
    def head(self) -> Block:
        return self._mined[-1].block

    @property
    def solid(self) -> Block:
        return self._mined[self._solid].block

    @property
    def now_ms(self) -> int:
        """The chain knows no other time than that of its newest block."""
        return self.head.timestamp_ms

    def block(self, number: int) -> Block | None:
        return self._mined[number].block if 0 <= number < len(self._mined) else None

    def receipts(self, number: int) -> tuple[Receipt, ...]:
        return self._mined[number].receipts

    def find(self, tx_id: bytes) -> tuple[ChainTransaction, Receipt] | None:
        """Return a transaction that is in a block, with its receipt."""
        number = self._numbers.get(tx_id)
        if number is None:
            return None
        mined = self._mined[number]
        place = [transaction.tx_id for transaction in mined.block.transactions].index(tx_id)
        return mined.block.transactions[place], mined.receipts[place]

    def find_pending(self, tx_id: bytes) -> ChainTransaction | None:
        signed = self.pending.get(tx_id)
        return None if signed is None else transaction_of(signed, None)

    # --- what happens

    def mine(self, count: int = 1, *, block_ms: int = BLOCK_MS) -> Block:
        """Make blocks of what is pending; return the newest."""
        for _ in range(count):
            parent = self.head
            taken = [one for one in self.pending.values() if one.tx_id not in self.swallowed]
            self.pending = {
                tx_id: one
                for tx_id, one in self.pending.items()
                if tx_id in self.swallowed and transaction_of(one, None).raw.expiration_ms > self.now_ms
            }
            self._append(parent.timestamp_ms + block_ms, taken, parent.id)
        self._solid = max(self._solid, self.head.number - self.solid_lag)
        return self.head

    def make_solid(self) -> Block:
        """Make blocks until all that is pending now is solid."""
        return self.mine(self.solid_lag + 1)

    def reorg(self, depth: int, *, drop: Collection[bytes] | bool = ()) -> Block:
        """Throw the newest blocks away and build one more than that. Solid ones stay.

        `drop` names the transactions, or says of all, that do not come back; the others are in the first new block.
        """
        if depth > self.head.number - self._solid:
            raise ValueError(f"{depth} blocks back is behind the solid block")
        back: list[Signed] = []
        for _ in range(depth):
            mined = self._mined.pop()
            self.books.take_back(mined.undo)
            back[:0] = mined.taken
            for signed in mined.taken:
                self._numbers.pop(signed.tx_id, None)
        kept = [] if drop is True else [one for one in back if drop is False or one.tx_id not in drop]
        self.pending = {one.tx_id: one for one in kept} | self.pending
        self._salt += 1  # so that even empty blocks get other ids
        return self.mine(depth + 1)

    def accept(self, signed_bytes: bytes, *, included: bool = True) -> tuple[BroadcastCode, str]:
        """Check a transaction as the chain does, and keep it for the next block if it is right."""
        try:
            signed, _ = decode_transaction(signed_bytes)
            self._check(signed)
        except BadMessage as problem:
            return BroadcastCode.OTHER_ERROR, str(problem)
        except Refused as refusal:
            return refusal.code, str(refusal)
        self.pending[signed.tx_id] = signed
        if not included:
            self.swallowed.add(signed.tx_id)
        return BroadcastCode.SUCCESS, ""

    # --- what tests want

    def send(
        self, contract: Contract, key: bytes = FAUCET_KEY, *, fee_limit_sun: int = 0, outcome: Outcome | None = None
    ) -> bytes:
        """Sign and hand in a transaction; return its id. It is in the next block. Raises Refused."""
        signed = self.signed(contract, key, fee_limit_sun=fee_limit_sun)
        if outcome is not None:
            self.execution.outcomes[signed.tx_id] = outcome
        code, message = self.accept(encode_transaction(signed))
        if code is not BroadcastCode.SUCCESS:
            raise Refused(code, message)
        return signed.tx_id

    def signed(self, contract: Contract, key: bytes = FAUCET_KEY, *, fee_limit_sun: int = 0) -> Signed:
        self._by_tag += 1
        ref_block_bytes, ref_block_hash = ref_of(self.solid.id, self.solid.number)
        raw_bytes = encode_raw(
            Raw(
                ref_block_bytes=ref_block_bytes,
                ref_block_hash=ref_block_hash,
                expiration_ms=self.now_ms + LIFE_MS,
                timestamp_ms=self.now_ms + self._by_tag,
                contract=contract,
                fee_limit_sun=fee_limit_sun,
            )
        )
        return Signed(raw_bytes, (sign(key, sha256(raw_bytes)),))

    def pay_trx(self, to: Address, amount_sun: int) -> bytes:
        return self.send(TransferTrx(FAUCET, to, amount_sun))

    def pay_asset(self, to: Address, amount: int, *, asset_id: int | None = None) -> bytes:
        """Pay the install's TRC-10 token, or another one that the faucet then has."""
        asset_id = asset_id or self.network.assets.trc10_id
        if not self.books.amount(FAUCET, asset_id):
            self._fill_faucet(asset_id, PLENTY_ASSET)
        return self.send(TransferAsset(FAUCET, to, asset_id, amount))

    def pay_token(self, to: Address, amount: int, *, contract: Address | None = None) -> bytes:
        """Pay the install's TRC-20 token, or another that then exists."""
        contract = contract or self.network.assets.trc20_contract
        if contract not in self.execution.tokens:
            self.execution.tokens.add(contract)
            self._fill_faucet(contract, PLENTY_TOKEN)
        return self.send(TriggerContract(FAUCET, contract, transfer_call(to, amount)), fee_limit_sun=FEE_LIMIT_SUN)

    def call(self, contract: Address, outcome: Outcome, *, data: bytes = b"", key: bytes = FAUCET_KEY) -> bytes:
        """Call any contract; what comes of it is given."""
        call = TriggerContract(address_of_key(key), contract, data)
        return self.send(call, key, fee_limit_sun=FEE_LIMIT_SUN, outcome=outcome)

    # --- inside

    def _fill_faucet(self, asset: int | Address, amount: int) -> None:
        self.books.begin()  # no block's change: a reorganisation must not take it back
        self.books.add(FAUCET, amount, asset)

    def _append(self, timestamp_ms: int, wanted: Sequence[Signed], parent_id: bytes) -> None:
        number, undo = len(self._mined), self.books.begin()
        taken: list[tuple[Signed, Receipt]] = []
        for signed in wanted:
            transaction = transaction_of(signed, None)
            if transaction.raw.expiration_ms <= self.now_ms:
                continue  # it may stand only in blocks whose parent is older than its end
            try:
                taken.append((signed, self.execution.run(signed, transaction.raw, number)))
            except Refused:
                continue  # what became invalid since is dropped, as on a real chain
        with_results = [(signed, Result(_ret(receipt))) for signed, receipt in taken]
        header = Header(
            number=number,
            timestamp_ms=timestamp_ms,
            parent_id=parent_id,
            tx_trie_root=tx_trie_root([encode_transaction(signed, result) for signed, result in with_results]),
            witness=address_of_key(sha256(b"a witness of the fake chain %d" % (self._salt % 27))),
            version=self._salt // 27,
        )
        block = block_of("the fake chain", header, with_results, claimed_id=block_id(header))
        receipts = tuple(receipt for _, receipt in taken)
        self._mined.append(_Mined(block, receipts, undo, tuple(signed for signed, _ in taken)))
        self._numbers.update((receipt.tx_id, number) for receipt in receipts)

    def _check(self, signed: Signed) -> None:
        """Raise Refused, in the order of the chain's checks."""
        transaction = transaction_of(signed, None)
        raw = transaction.raw
        owner = getattr(raw.contract, "owner", None)
        if owner is None:
            raise Refused(BroadcastCode.CONTRACT_VALIDATE_ERROR, "Contract validate error : No contract!")
        if raw.expiration_ms < self.now_ms + BLOCK_MS:
            raise Refused(BroadcastCode.TRANSACTION_EXPIRATION_ERROR, "Transaction expired")
        try:
            signers = {recover(transaction.tx_id, signature) for signature in signed.signatures}
        except BadSignature as problem:
            raise Refused(BroadcastCode.SIGERROR, f"Validate signature error: {problem}") from None
        if signers != {owner}:
            raise Refused(BroadcastCode.SIGERROR, "Validate signature error: miss sig or contract")
        if not self._knows_reference(raw):
            raise Refused(BroadcastCode.TAPOS_ERROR, "Tapos check error.")
        if len(encode_transaction(signed)) > MAX_TRANSACTION_BYTES:
            raise Refused(BroadcastCode.TOO_BIG_TRANSACTION_ERROR, "Too big transaction")
        if raw.expiration_ms > self.now_ms + DAY_MS:
            raise Refused(BroadcastCode.TRANSACTION_EXPIRATION_ERROR, "Transaction expired")
        if signed.tx_id in self.pending or signed.tx_id in self._numbers:
            raise Refused(BroadcastCode.DUP_TRANSACTION_ERROR, "Dup transaction.")
        before = self.books.begin()
        try:
            self.execution.run(signed, raw, self.head.number + 1, tried=True)
        finally:
            self.books.take_back(before)

    def _knows_reference(self, raw: Raw) -> bool:
        low = int.from_bytes(raw.ref_block_bytes)
        number = self.head.number - (self.head.number - low) % 65_536
        block = self.block(number)
        return block is not None and ref_of(block.id, number) == (raw.ref_block_bytes, raw.ref_block_hash)


def _ret(receipt: Receipt) -> ContractRet:
    return ContractRet[receipt.contract_result or "SUCCESS"]
