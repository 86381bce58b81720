"""What the signer has signed and the books have forgotten, because an older backup of them was put back.

The signer's store only grows, so what it has signed for a withdrawal is the truth, and the books follow it:

1. Before an attempt is made, and before any money returns, of a dead one or of one that was never sent, the signer is
   asked what it has signed last for that withdrawal. While it can't say, neither happens.
2. What the books do not know becomes an attempt of theirs before anything else, as one that the network was given. It
   is then followed like any other: given out again, found in a block, or dead by the proof. Those that were signed
   before it were dead by then, or the signer had not signed it.
3. Something else than the withdrawal asks for, under its number, is another one's payment that the backup has lost.
   Then nothing is sent, returned or cancelled: an admin looks, and gives the money back or does not. So it is with
   what was signed for a withdrawal whose approval the books have forgotten, too.

Both stop withdrawals: books that have forgotten one payment have forgotten more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from wallet.chain.endpoints import Chain
from wallet.chain.port import Block
from wallet.domain import halt_words
from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import AccountKind, own_account
from wallet.domain.money import Asset
from wallet.domain.networks import Network
from wallet.domain.tron.addresses import parse_address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import Raw, TransferAsset, TriggerContract, decode_raw, tx_id
from wallet.domain.withdrawal_states import LIVE, AttemptState, WithdrawalState, check_move
from wallet.models import Attempt, ChainMovement, HaltReason, MovementSide, Withdrawal
from wallet.services import attempts, halts, ledger, news, payouts
from wallet.services.attempt_log import note
from wallet.services.chain_reading import time_of
from wallet.services.openings import open_absent
from wallet.signer.protocol import SignedAttempt, SignerDoor

CLOCKS_APART = timedelta(minutes=10)  # of the chain and of this machine


@dataclass(frozen=True)
class Forgotten:
    """What the signer has signed last for a withdrawal, and no attempt of the books is."""

    signed: SignedAttempt
    raw: Raw | None  # None: nothing of ours
    reference: Block
    differs: str  # in what it is not what the withdrawal asks for; "" for the very payment


def find(chain: Chain, signer: SignerDoor, withdrawal: Withdrawal) -> Forgotten | None:
    """Ask the signer for what the books do not know of a withdrawal. Raises SignerError, ChainError."""
    signed = signer.signed_for(f"withdrawal/{withdrawal.pk}")
    if signed is None or withdrawal.attempts.filter(tx_id=signed.tx_id.hex()).exists():
        return None
    (reference,) = chain.blocks(signed.reference_number, signed.reference_number)
    raw = _raw_of(signed)
    return Forgotten(signed, raw, reference, _difference(chain.network, withdrawal, signed, raw, reference))


def take_over(withdrawal_id: int, found: Forgotten, *, now: datetime) -> None:
    """Make it an attempt of the books, or the withdrawal one that an admin looks at. Whoever comes second does nothing.

    May be called in a transaction that has just buried the attempt before.
    """
    asset = Asset(Withdrawal.objects.get(pk=withdrawal_id).asset)
    open_absent([own_account(asset, AccountKind.IN_FLIGHT)], now=now)

    def work() -> None:
        withdrawal = Withdrawal.objects.select_for_update().get(pk=withdrawal_id)
        is_open = withdrawal.state in (WithdrawalState.QUEUED, WithdrawalState.SENDING) and not withdrawal.doubt
        if not is_open or withdrawal.attempts.filter(state__in=LIVE).exists():
            return
        news.withdrawal_changed(withdrawal.user_id)
        differs = found.differs or _booked_by_an_operator(found.signed)
        if differs or found.raw is None:
            cast_doubt(withdrawal, found.signed, differs, now=now)
        elif _begin(withdrawal, now):
            _write(withdrawal, found, found.raw, now)
            why = halt_words.FOLLOWED % _named(found.signed)
            halts.halt(HaltReason.SIGNER, f"{halt_words.OLD_BOOKS}\n{why}", now)

    ledger.whole(work)


def cast_doubt(withdrawal: Withdrawal, signed: SignedAttempt, why: str, *, now: datetime) -> None:
    """Leave a withdrawal, whose row is locked, to an admin: nobody follows what was signed for it."""
    withdrawal.doubt = halt_words.IN_DOUBT % (_named(signed) | {"why": why})
    withdrawal.save(update_fields=["doubt"])
    rests = halt_words.RESTS % {"pk": withdrawal.pk}
    halts.halt(HaltReason.SIGNER, "\n".join([halt_words.OLD_BOOKS, withdrawal.doubt, rests]), now)


def _named(signed: SignedAttempt) -> dict[str, str]:
    return {"tx_id": signed.tx_id.hex(), "key": signed.attempt_key}


def _booked_by_an_operator(signed: SignedAttempt) -> str:
    """Say so if somebody bears it already; it can't be booked from now on until this transaction has ended."""
    left = ChainMovement.objects.select_for_update().filter(tx_id=signed.tx_id.hex(), side=MovementSide.OUT)
    return halt_words.BOOKED_ALREADY if any(one.transfer_id for one in left) else ""


def _begin(withdrawal: Withdrawal, now: datetime) -> bool:
    if withdrawal.state == WithdrawalState.QUEUED:
        if not attempts.go_in_flight(withdrawal, now):
            return False
        check_move(WithdrawalState(withdrawal.state), WithdrawalState.SENDING)
        withdrawal.state, withdrawal.sending_at = WithdrawalState.SENDING, now
        withdrawal.save(update_fields=["state", "sending_at"])
    return True


def _write(withdrawal: Withdrawal, found: Forgotten, raw: Raw, now: datetime) -> None:
    """Store it as one that may have been given out: it is, again, also while withdrawals are stopped."""
    signed_as = int(found.signed.attempt_key.rpartition("/")[2])
    made = Attempt.objects.create(
        withdrawal=withdrawal,
        number=max(attempts.next_number(withdrawal), signed_as),
        signed_as=signed_as,
        raw_bytes=found.signed.raw_bytes,
        tx_id=found.signed.tx_id.hex(),
        signature=found.signed.signature,
        expiration_ms=raw.expiration_ms,
        reference_number=found.reference.number,
        reference_id=found.reference.id,
        reference_header=found.reference.header,
        fee_estimate_sun=0,
        state=AttemptState.BROADCAST,
        next_try_at=now,
        prepared_at=now,
        signed_at=now,
        broadcast_at=now,
    )
    note(made, "taken over", now, message=words.SIGNED_BEFORE % {"key": found.signed.attempt_key})


def _raw_of(signed: SignedAttempt) -> Raw | None:
    try:
        raw = decode_raw(signed.raw_bytes)
    except BadMessage:
        return None
    return raw if tx_id(signed.raw_bytes) == signed.tx_id else None


def _difference(
    network: Network, withdrawal: Withdrawal, signed: SignedAttempt, raw: Raw | None, reference: Block
) -> str:
    if raw is None or not isinstance(raw.contract, TransferAsset | TriggerContract):
        return halt_words.NOT_OURS
    payer, asset = raw.contract.owner, Asset(withdrawal.asset)
    if not attempts.is_by(payer, signed.tx_id, signed.signature):
        return halt_words.NOT_SIGNED_BY_PAYER
    units = payouts.units_of(withdrawal.amount_ubtt, asset, network)
    wanted = payouts.contract_of(network, asset, hot=payer, to=parse_address(withdrawal.address), units=units)
    if raw.contract != wanted:
        return halt_words.PAYS_OTHERWISE
    if time_of(raw.timestamp_ms) < withdrawal.requested_at - CLOCKS_APART:
        return halt_words.TOO_EARLY
    if (raw.ref_block_bytes, raw.ref_block_hash) != ref_of(reference.id, reference.number):
        return halt_words.OTHER_CHAIN
    return ""
