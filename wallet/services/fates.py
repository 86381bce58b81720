"""What became of an attempt: in a block, irreversible, failed, or dead for certain. And what follows for the money."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from wallet.chain.endpoints import WHOLE, Chain
from wallet.chain.port import MAX_BLOCKS, Block, ChainError, ChainLied, Receipt
from wallet.domain import chain_words, halt_words
from wallet.domain import withdrawal_words as words
from wallet.domain.accounts import AccountKind, own_account, user_account
from wallet.domain.finality import Absence, IndexedBlock, Judgement, Sent, Verdict, judge
from wallet.domain.items import Transfer
from wallet.domain.kinds import TransferKind
from wallet.domain.money import Asset
from wallet.domain.networks import Network
from wallet.domain.tron.abi import decode_transfer_log
from wallet.domain.tron.addresses import parse_address
from wallet.domain.withdrawal_states import AttemptState, WithdrawalState, check_move
from wallet.models import Attempt, HaltReason, Withdrawal
from wallet.services import forgotten, halts, ledger, news, own_addresses, payouts
from wallet.services.attempt_log import look_again, move, note_once
from wallet.services.attempts import payer_of
from wallet.services.forgotten import Forgotten
from wallet.services.openings import open_absent
from wallet.signer.protocol import SignerDoor, SignerError

MOST_ATTEMPTS = 5  # each was lost or refused; a sixth would be, too
MOST_INDEX_BLOCKS = 2_000  # an hour and a half of blocks above a reference: far more than an attempt lives
SEEN_AGAIN = timedelta(seconds=5)
FRESH = timedelta(minutes=1)  # since the scan has looked for more: it does every two seconds

logger = logging.getLogger(__name__)


def settle(chain: Chain, attempt: Attempt, receipt: Receipt, *, now: datetime) -> None:
    """End an attempt that is in a solid block. A token's own event says whether it moved, not what a call returned.

    Raises ChainError, and ChainLied when the block says something else than the receipt.
    """
    withdrawal = attempt.withdrawal
    moved = receipt.succeeded and _did_pay(chain.network, receipt, attempt)
    _check_result(chain, attempt, receipt)
    result = receipt.contract_result or ("FAILED" if receipt.failed else "SUCCESS")
    ended = {"ended_at": now, "block_number": receipt.block_number, "fee_sun": receipt.fee_sun}
    _open_accounts(withdrawal, now)

    def work() -> None:
        if moved:
            if move(attempt, AttemptState.FINAL, "final", now=now, message=result, **ended):
                _arrive(attempt.withdrawal_id, now)
            return
        if move(attempt, AttemptState.FAILED, "failed", now=now, message=receipt.message or result, **ended):
            why = words.MOVED_NOTHING if receipt.succeeded else result
            give_back(attempt.withdrawal_id, words.FAILED % {"why": why}, now=now)

    ledger.whole(work)


def _check_result(chain: Chain, attempt: Attempt, receipt: Receipt) -> None:
    """Hold a receipt against its block, whose hashes cover what became of a transaction, and no hash a receipt."""
    (block,) = chain.blocks(receipt.block_number, receipt.block_number)
    results = [one.contract_ret == "SUCCESS" for one in block.transactions if one.tx_id.hex() == attempt.tx_id]
    if results != [receipt.succeeded]:
        says = chain_words.RECEIPTS_DENIED
        raise ChainLied(WHOLE, says % {"tx_id": attempt.tx_id, "block": block.number})


def mark_seen(attempt: Attempt, receipt: Receipt, *, now: datetime) -> None:
    """Note that it is in a block which may still be taken back."""
    if attempt.state != AttemptState.SEEN:
        block = receipt.block_number
        message = words.IN_BLOCK % {"block": block}
        move(attempt, AttemptState.SEEN, "seen", now=now, message=message, seen_at=now, block_number=block)
    look_again(attempt, now, SEEN_AGAIN)


def mark_taken_back(attempt: Attempt, *, now: datetime) -> None:
    """Note that its block was thrown away: the network may put it into another one."""
    move(
        attempt,
        AttemptState.BROADCAST,
        "taken back",
        now=now,
        message=words.BLOCK_GONE % {"block": attempt.block_number},
        seen_at=None,
        block_number=None,
        next_try_at=now,
        tries=0,
    )
    attempt.refresh_from_db()


def bury_if_dead(chain: Chain, signer: SignerDoor, attempt: Attempt, *, now: datetime) -> Judgement:
    """End an attempt that can't come into any block any more; leave alone whatever is not proven. Raises ChainError.

    Also while the signer can't say whether it has signed another one, which the books have forgotten.
    """
    tx_id = bytes.fromhex(attempt.tx_id)
    sent = Sent(tx_id, attempt.expiration_ms, attempt.reference_number, bytes(attempt.reference_id))
    blocks = _blocks_since(chain, sent)
    sightings = chain.sightings(tx_id)
    judgement = judge(
        sent,
        absences=[Absence(one.endpoint, one.solid.number, is_found=one.found) for one in sightings],
        index=[_indexed(block) for block in blocks],
    )
    if judgement.verdict is Verdict.DEAD:
        judgement = _against_our_scan(attempt, judgement, now)
    lost: Forgotten | None = None
    if judgement.verdict is Verdict.DEAD:
        try:
            lost = forgotten.find(chain, signer, attempt.withdrawal)
        except SignerError:
            judgement = Judgement(Verdict.UNPROVEN, words.SIGNER_SILENT)
    if judgement.verdict is not Verdict.DEAD:
        note_once(attempt, "not dead", now, message=judgement.why)
        look_again(attempt, now)
        return judgement
    (closing,) = [block for block in blocks if block.number == judgement.closed_by]
    witnesses = {one.endpoint for one in sightings if one.solid.number >= closing.number}
    _bury(attempt, judgement, closing, sorted(witnesses), lost, now)
    return judgement


def return_unwanted(chain: Chain, signer: SignerDoor, *, now: datetime) -> None:
    """Give back what was wanted back after its attempt was buried, and before another one was made.

    Not before our own scan has read all there is, and the signer has said that it has signed nothing else: books from
    an older backup may have forgotten an attempt that paid. Raises SignerError, ChainLied.
    """
    if not _has_scanned_all(now):
        return
    for withdrawal in _unwanted():
        try:
            lost = forgotten.find(chain, signer, withdrawal)
        except ChainLied:
            raise
        except ChainError as problem:  # of this one: the others need not wait for it
            logger.info("%s returns later: %s", withdrawal, problem)
            continue
        if lost is not None:
            forgotten.take_over(withdrawal.pk, lost, now=now)
            continue
        _open_accounts(withdrawal, now)

        def work(pk: int = withdrawal.pk) -> None:
            is_unwanted = _unwanted().select_for_update().filter(pk=pk).first() is not None
            if is_unwanted and not halts.is_halted():
                give_back(pk, words.UNWANTED, now=now)

        ledger.whole(work)


def _has_scanned_all(now: datetime) -> bool:
    cursor = own_addresses.cursor()
    if cursor is None or cursor.looked_at is None:
        return False
    return abs(now - cursor.looked_at) <= FRESH and cursor.height >= cursor.solid_height


def _unwanted() -> QuerySet[Withdrawal]:
    alive = Attempt.objects.filter(withdrawal=OuterRef("pk")).exclude(state=AttemptState.DEAD)
    unwanted = Withdrawal.objects.filter(state=WithdrawalState.SENDING, is_wanted_back=True, doubt="")
    return unwanted.filter(~Exists(alive)).order_by("pk")


def _against_our_scan(attempt: Attempt, judgement: Judgement, now: datetime) -> Judgement:
    """Hold the proof against the scan that keeps the books, and give nothing up while anything is in doubt.

    What the books do not know of, because an older backup was put back, the scan meets first, and halts.
    """
    cursor = own_addresses.cursor()  # read first: what a scan writes down meanwhile is found, and not taken for absent
    if own_addresses.own_transaction(attempt.tx_id) is not None:
        halts.halt(HaltReason.LIED, halt_words.DENIED % {"tx_id": attempt.tx_id}, now)
        return Judgement(Verdict.INCLUDED, words.SCANNED)
    if cursor is None or cursor.height < (judgement.closed_by or 0):
        return Judgement(Verdict.UNPROVEN, words.NOT_SCANNED % {"block": judgement.closed_by})
    if halts.is_halted():
        return Judgement(Verdict.UNPROVEN, words.STANDS_STILL)
    return judgement


def _bury(
    attempt: Attempt,
    judgement: Judgement,
    closing: Block,
    sources: Sequence[str],
    lost: Forgotten | None,
    now: datetime,
) -> None:
    _open_accounts(attempt.withdrawal, now)

    def work() -> None:
        is_moved = move(
            attempt,
            AttemptState.DEAD,
            "dead",
            now=now,
            message=judgement.why,
            ended_at=now,
            block_number=None,
            dead_header=closing.header,
            dead_sources=list(sources),
            dead_scanned_to=closing.number,
        )
        if is_moved and lost is not None:
            forgotten.take_over(attempt.withdrawal_id, lost, now=now)
        elif is_moved and (why := _why_no_further(attempt)):
            give_back(attempt.withdrawal_id, why, now=now)

    ledger.whole(work)


def _why_no_further(attempt: Attempt) -> str:
    """Return why a dead attempt is the last one; "" if another one follows."""
    refused = attempt.events.filter(what="refused").order_by("-pk").first()
    if refused is not None and attempt.signature is None:
        return words.REFUSED  # why, its log says to operators
    if Withdrawal.objects.filter(pk=attempt.withdrawal_id, is_wanted_back=True).exists():
        return words.UNWANTED
    if attempt.number >= MOST_ATTEMPTS:
        said = attempt.events.filter(what__in=["broadcast", "unsigned"]).order_by("-pk").first()
        says = words.LOST_AS_SAID if said else words.LOST
        if said and said.what == "unsigned":  # why it could not is for operators
            says = words.LOST_UNSIGNED
        return says % {"attempts": MOST_ATTEMPTS, "code": said.code if said else ""}
    return ""


def _blocks_since(chain: Chain, sent: Sent) -> list[Block]:
    """Read all solid blocks above the reference, up to the first that is past the expiration, as far as there are any.

    Each is verified by the chain's door, and its last one confirmed by a second endpoint.
    """
    top = min(chain.solid_agreement().number, sent.reference_number + MOST_INDEX_BLOCKS)
    found: list[Block] = []
    first = sent.reference_number + 1
    while first <= top:
        found += chain.blocks(first, min(first + MAX_BLOCKS - 1, top))
        if found[-1].timestamp_ms >= sent.expiration_ms:
            break
        first = found[-1].number + 1
    return found


def _indexed(block: Block) -> IndexedBlock:
    return IndexedBlock(
        number=block.number,
        id=block.id,
        parent_id=block.parent_id,
        timestamp_ms=block.timestamp_ms,
        tx_ids=frozenset(transaction.tx_id for transaction in block.transactions),
    )


def _did_pay(network: Network, receipt: Receipt, attempt: Attempt) -> bool:
    withdrawal = attempt.withdrawal
    if withdrawal.asset != Asset.TRC20:
        return True  # a native transfer that did nothing comes into no block
    to, units = parse_address(withdrawal.address), payouts.units_of(withdrawal.amount_ubtt, Asset.TRC20, network)
    paid = (network.assets.trc20_contract, payer_of(attempt), to, units)
    for log in receipt.logs:
        said = decode_transfer_log(log.address, log.topics, log.data)
        if said is not None and (said.contract, said.sender, said.recipient, said.amount) == paid:
            return True
    return False


def _open_accounts(withdrawal: Withdrawal, now: datetime) -> None:
    asset = Asset(withdrawal.asset)
    kinds = (AccountKind.CHAIN, AccountKind.IN_FLIGHT, AccountKind.FEES)
    open_absent([own_account(asset, kind) for kind in kinds], now=now)


def _arrive(withdrawal_id: int, now: datetime) -> None:
    found = _locked(withdrawal_id, WithdrawalState.FINAL)
    asset = Asset(found.asset)
    parts = [("final", AccountKind.CHAIN, found.amount_ubtt), ("fee", AccountKind.FEES, found.fee_ubtt)]
    _post(
        [
            Transfer(
                key=f"withdrawal/{found.pk}/{part}",
                debit=own_account(asset, AccountKind.IN_FLIGHT),
                credit=own_account(asset, to),
                amount_ubtt=amount_ubtt,
                kind=TransferKind.WITHDRAWAL_FINAL,
                cause=f"withdrawal/{found.pk}",
                event_at=now,
            )
            for part, to, amount_ubtt in parts
            if amount_ubtt
        ],
        now,
    )
    found.state, found.ended_at = WithdrawalState.FINAL, now
    found.save(update_fields=["state", "ended_at"])
    news.withdrawal_changed(found.user_id)


def give_back(withdrawal_id: int, why: str, *, now: datetime) -> None:
    """Return what is in flight to its user. The caller's transaction knows that it never arrives."""
    found = _locked(withdrawal_id, WithdrawalState.RETURNED)
    asset = Asset(found.asset)
    back = Transfer(
        key=f"withdrawal/{found.pk}/returned",
        debit=own_account(asset, AccountKind.IN_FLIGHT),
        credit=user_account(asset, found.user_id),
        amount_ubtt=found.total_ubtt,
        kind=TransferKind.WITHDRAWAL_RETURNED,
        cause=f"withdrawal/{found.pk}",
        event_at=now,
    )
    _post([back], now)
    found.state, found.reason, found.ended_at = WithdrawalState.RETURNED, why[:300], now
    found.save(update_fields=["state", "reason", "ended_at"])
    news.withdrawal_changed(found.user_id)


def _locked(withdrawal_id: int, to: WithdrawalState) -> Withdrawal:
    found = Withdrawal.objects.select_for_update().get(pk=withdrawal_id)
    check_move(WithdrawalState(found.state), to)
    return found


def _post(items: list[Transfer], now: datetime) -> None:
    for item, outcome in zip(items, ledger.post(items, now=now), strict=True):
        if not outcome.is_done:
            raise RuntimeError(f"{item.key} could not be posted: {outcome.code}")
