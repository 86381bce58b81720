"""One attempt of a withdrawal, step by step: prepared, signed, given to the network. What becomes of it, `fates` finds.

1. Its bytes, id, expiration and reference are stored, and with the first attempt the money goes in flight: one
   transaction.
2. The signer signs these bytes, and the signature is stored: another transaction.
3. The network is given these bytes, as often as needed, and never others.

Whoever is killed between two of them leaves a row that says how to go on.
"""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model

from wallet.chain.endpoints import Chain
from wallet.chain.port import Block
from wallet.domain import halt_words
from wallet.domain.accounts import AccountKind, own_account, user_account
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.posting import hashed
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import ref_of
from wallet.domain.tron.keys import BadSignature, recover
from wallet.domain.tron.transactions import (
    Raw,
    Signed,
    TransferAsset,
    TriggerContract,
    decode_raw,
    encode_raw,
    encode_transaction,
    tx_id,
)
from wallet.domain.withdrawal_states import LIVE, AttemptState, WithdrawalState, check_move
from wallet.models import Attempt, HaltReason, Withdrawal
from wallet.services import compared, halts, ledger, news, payouts
from wallet.services.attempt_log import back_off, move, note, note_once
from wallet.services.books import Request
from wallet.services.openings import open_absent
from wallet.services.payouts import Payout
from wallet.signer.protocol import DeadProof, SignerConflict, SignerDoor, SignerError, SignerRefused, SignRequest

LIFE_MS = 90_000  # from the head block's time on: long enough for a slow network, and a lost one ends in three minutes
MOST_LAG_MS = 300_000  # of what is irreversible behind the head: five times what is usual
SPREAD = 1_000  # of milliseconds: two payments that are alike must not have the same id


@dataclass(frozen=True)
class Moment:
    """The chain as attempts that are made now see it."""

    reference: Block  # solid: no fork drops it
    head_ms: int


@dataclass(frozen=True)
class Draft:
    """The bytes of an attempt that is to be made, with what they refer to."""

    raw_bytes: bytes
    expiration_ms: int
    reference: Block
    payout: Payout


def moment(chain: Chain) -> Moment:
    """Ask what attempts that are made now refer to, and what time it is on the chain. Raises ChainError."""
    agreed = chain.solid_agreement()
    (reference,) = chain.blocks(agreed.number, agreed.number)
    # The head's time is one endpoint's word: believed only as far as a head may be from what is irreversible.
    head_ms = max(chain.heights().head.timestamp_ms, reference.timestamp_ms)
    return Moment(reference, min(head_ms, reference.timestamp_ms + MOST_LAG_MS))


def draft(chain: Chain, withdrawal: Withdrawal, *, hot: Address, at: Moment) -> Draft:
    """Make the bytes of an attempt, from the chain's own time and a solid block. Raises ChainError."""
    payout = payouts.plan(
        chain,
        Asset(withdrawal.asset),
        hot=hot,
        to=parse_address(withdrawal.address),
        amount_ubtt=withdrawal.amount_ubtt,
    )
    ref_block_bytes, ref_block_hash = ref_of(at.reference.id, at.reference.number)
    expiration_ms = at.head_ms + LIFE_MS + withdrawal.pk // SPREAD % SPREAD
    raw = Raw(
        ref_block_bytes=ref_block_bytes,
        ref_block_hash=ref_block_hash,
        expiration_ms=expiration_ms,
        timestamp_ms=at.head_ms + withdrawal.pk % SPREAD,
        contract=payout.contract,
        fee_limit_sun=payout.fee_limit_sun,
    )
    return Draft(encode_raw(raw), expiration_ms, at.reference, payout)


def prepare(withdrawal_id: int, drafted: Draft, *, number: int, now: datetime) -> Attempt | None:
    """Store the attempt and let the money go in flight; None if it is not its turn any more, or its user may not pay.

    The first of two workers who come at once makes it, the other finds it made.
    """
    wanted = Withdrawal.objects.get(pk=withdrawal_id)
    open_absent([own_account(Asset(wanted.asset), AccountKind.IN_FLIGHT)], now=now)

    def work() -> Attempt | None:
        found = Withdrawal.objects.select_for_update().get(pk=withdrawal_id)
        is_next = number == next_number(found) and not found.attempts.filter(state__in=LIVE).exists()
        is_open = found.state in (WithdrawalState.QUEUED, WithdrawalState.SENDING) and not found.doubt
        if not is_open or not is_next or found.is_wanted_back or halts.is_halted() or compared.why_not(now):
            return None
        if found.state == WithdrawalState.QUEUED:
            if not go_in_flight(found, now):
                return None
            check_move(WithdrawalState(found.state), WithdrawalState.SENDING)
            found.state, found.sending_at = WithdrawalState.SENDING, now
            found.save(update_fields=["state", "sending_at"])
        made = Attempt.objects.create(
            withdrawal=found,
            number=number,
            raw_bytes=drafted.raw_bytes,
            tx_id=tx_id(drafted.raw_bytes).hex(),
            expiration_ms=drafted.expiration_ms,
            reference_number=drafted.reference.number,
            reference_id=drafted.reference.id,
            reference_header=drafted.reference.header,
            fee_estimate_sun=drafted.payout.cost.total_sun,
            state=AttemptState.PREPARED,
            next_try_at=now,
            prepared_at=now,
        )
        note(made, "prepared", now)
        news.withdrawal_changed(found.user_id)
        return made

    return ledger.whole(work)


def sign(signer: SignerDoor, attempt: Attempt, *, now: datetime) -> bool:
    """Have the stored bytes signed and store the signature; say whether it is there now.

    Asked again after a crash the signer gives the same signature, for the same bytes and never for others.
    """
    digest, proofs = bytes.fromhex(attempt.tx_id), _proofs_before(attempt)
    request = SignRequest(
        purpose="withdrawal",
        attempt_key=attempt.key,
        raw_bytes=bytes(attempt.raw_bytes),
        tx_id=digest,
        solid_header=bytes(attempt.reference_header),
        dead_proof=proofs[-1] if proofs else None,
        earlier_proofs=tuple(proofs[:-1]),
        newest_signed=_newest_signed(),
    )
    try:
        signature = signer.sign(request)
    except SignerError as problem:
        note_once(attempt, "refused" if isinstance(problem, SignerRefused) else "unsigned", now, message=str(problem))
        back_off(attempt, now)
        if isinstance(problem, SignerConflict):
            halts.halt(HaltReason.SIGNER, halt_words.CONFLICT % {"problem": problem}, now)
        return False
    if not is_by(payer_of(attempt), digest, signature):
        halts.halt(HaltReason.SIGNER, halt_words.NOT_BY_PAYER % {"key": attempt.key}, now)
        return False
    is_moved = move(
        attempt, AttemptState.SIGNED, "signed", now=now, signature=signature, signed_at=now, next_try_at=now, tries=0
    )
    attempt.refresh_from_db()
    return is_moved


def broadcast(chain: Chain, attempt: Attempt, *, now: datetime) -> None:
    """Give the network the stored bytes. Whatever it answers proves nothing: it is noted, and the attempt followed."""
    assert attempt.signature is not None, f"{attempt} has no signature"
    signed = Signed(bytes(attempt.raw_bytes), (bytes(attempt.signature),))
    answers = chain.broadcast(encode_transaction(signed))
    halts.halt_for_another_id(answers, attempt.tx_id, now)

    def work() -> None:
        for answer in answers:
            note(attempt, "broadcast", now, endpoint=answer.endpoint, code=answer.code, message=answer.message)
        if attempt.state == AttemptState.SIGNED:
            move(attempt, AttemptState.BROADCAST, "sent", now=now, broadcast_at=now)
        back_off(attempt, now)

    ledger.whole(work)


def next_number(withdrawal: Withdrawal) -> int:
    """Return the number of the attempt after all that there are."""
    newest = withdrawal.attempts.order_by("-number").first()
    return newest.number + 1 if newest else 1


def payer_of(attempt: Attempt) -> Address:
    """Return the address that pays, as it stands in the stored bytes."""
    contract = decode_raw(bytes(attempt.raw_bytes)).contract
    assert isinstance(contract, TriggerContract | TransferAsset), f"{attempt} pays nothing"
    return contract.owner


def go_in_flight(found: Withdrawal, now: datetime) -> bool:
    """Post the hold; False while its user may not pay: the wish waits, and no refusal is kept under its key."""
    asset = Asset(found.asset)
    item = Transfer(
        key=f"withdrawal/{found.pk}/signed",
        debit=user_account(asset, found.user_id),
        credit=own_account(asset, AccountKind.IN_FLIGHT),
        amount_ubtt=found.total_ubtt,
        kind=TransferKind.WITHDRAWAL,
        cause=f"withdrawal/{found.pk}",
        event_at=now,
        hold=found.hold_id,
    )
    books = ledger.store().lock(Request.of(hashed([item])))
    payer = books.accounts.get(item.debit)
    is_there = get_user_model().objects.filter(pk=found.user_id, is_active=True).exists()
    if payer is None or payer.is_frozen or not is_there:
        return False
    outcome = ledger.post_one(item, now=now)
    if not outcome.is_done:
        raise RuntimeError(f"the hold of {found} could not be posted: {outcome.code}")
    return True


def _proofs_before(attempt: Attempt) -> list[DeadProof]:
    """Return why each attempt before this one is dead, as the signer asks for it, in their order."""
    before = Attempt.objects.filter(withdrawal_id=attempt.withdrawal_id, number__lt=attempt.number).order_by("number")
    return [
        DeadProof(
            tx_id=bytes.fromhex(one.tx_id),
            header=bytes(one.dead_header),
            absent_at=tuple(one.dead_sources),
            scanned_to=one.dead_scanned_to,
        )
        for one in before
        if one.dead_header is not None and one.dead_scanned_to is not None
    ]


def _newest_signed() -> tuple[str, bytes] | None:
    """Return the newest signature that we know of: a signer that does not know it has lost a part of its store."""
    newest = Attempt.objects.filter(signature__isnull=False).order_by("-signed_at", "-pk").first()
    return (newest.key, bytes.fromhex(newest.tx_id)) if newest else None


def is_by(payer: Address, digest: bytes, signature: bytes) -> bool:
    try:
        return recover(digest, signature) == payer
    except BadSignature:
        return False
