"""A development chain whose clock stands still until a test moves it, and people who sign for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from wallet.devnet import genesis
from wallet.devnet.answers import AccountAnswer, BlockRef, BroadcastAnswer, Code, Info
from wallet.devnet.chain import Devnet
from wallet.devnet.parameters import Checks, Lags, Parameters
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import address_of_key, sign
from wallet.domain.tron.transactions import Contract, Raw, Signed, TransferTrx, TriggerContract, encode_raw, tx_id

START_MS = 1_800_000_000_000
TRX = 10**6
_CHECKS, _PARAMETERS = Checks(), Parameters()


@dataclass(frozen=True)
class Person:
    name: str

    @property
    def key(self) -> bytes:
        return sha256(self.name.encode()).digest()

    @property
    def address(self) -> Address:
        return address_of_key(self.key)


ALICE, BOB, CAROL = Person("alice"), Person("bob"), Person("carol")


class Hand:
    """A clock that somebody moves."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def __call__(self) -> int:
        return self.at_ms


class Scene:
    def __init__(
        self,
        path: Path | None = None,
        *,
        solid_lag: int = 2,
        checks: Checks = _CHECKS,
        parameters: Parameters = _PARAMETERS,
    ) -> None:
        self.hand = Hand()
        self.chain = Devnet(
            state_path=path, clock_ms=self.hand, checks=checks, parameters=parameters, lags=Lags(solid=solid_lag)
        )
        self.head = self.chain.view(is_solid=False)
        self.solid = self.chain.view(is_solid=True)

    def pay(self, person: Person, trx: int = 1_000, *, trc10: int = 0, trc20: int = 0) -> None:
        """Let the faucet pay, in a block."""
        assets = {genesis.TRC10_ID: trc10} if trc10 else {}
        tokens = {genesis.BTT.address: trc20} if trc20 else {}
        self.chain.faucet(person.address, trx_sun=trx * TRX, assets=assets, tokens=tokens)
        self.block()

    def block(self, count: int = 1) -> BlockRef:
        """Make blocks three seconds apart; return the last."""
        for _ in range(count):
            self.hand.at_ms += 3_000
            (made,) = self.chain.mine()
        return made

    def raw(
        self,
        contract: Contract,
        *,
        at: BlockRef | None = None,
        life_ms: int = 60_000,
        permission_id: int = 0,
        memo: bytes = b"",
        fee_limit_sun: int | None = None,
    ) -> Raw:
        named = at or self.head.tip()
        is_call = isinstance(contract, TriggerContract)
        reference, digest = ref_of(named.id, named.number)
        return Raw(
            ref_block_bytes=reference,
            ref_block_hash=digest,
            expiration_ms=self.head.tip().timestamp_ms + life_ms,
            timestamp_ms=self.hand.at_ms,
            contract=contract,
            permission_id=permission_id,
            memo=memo,
            fee_limit_sun=100 * TRX * is_call if fee_limit_sun is None else fee_limit_sun,
        )

    def send(self, raw: Raw, *signers: Person) -> BroadcastAnswer:
        return self.chain.broadcast(signed(raw, signers))

    def succeed(self, contract: Contract, signer: Person, *, at: BlockRef | None = None) -> Info:
        """Send it, make a block, return the receipt."""
        answer = self.send(self.raw(contract, at=at), signer)
        assert answer.code is Code.SUCCESS, answer
        self.block()
        info = self.head.info(answer.tx_id)
        assert info is not None
        return info

    def account(self, person: Person) -> AccountAnswer:
        account = self.head.account(person.address)
        assert account is not None
        return account


def signed(raw: Raw, signers: Sequence[Person]) -> Signed:
    return signed_bytes(encode_raw(raw), signers)


def signed_bytes(raw_bytes: bytes, signers: Sequence[Person]) -> Signed:
    return Signed(raw_bytes, tuple(sign(signer.key, tx_id(raw_bytes)) for signer in signers))


def trx(sender: Person, to: Person, amount_sun: int = TRX) -> TransferTrx:
    return TransferTrx(sender.address, to.address, amount_sun)
