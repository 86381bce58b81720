"""May this be signed? Pure decisions over a request, whose keys these are, and what was signed before.

Whoever asks is not believed. The transaction is read from its bytes and written again; the block it refers to is
recomputed from its header, and its hash stands in the transaction: a made-up block makes a transaction that no chain
takes. So expiration is measured against chain time, whatever any clock says. For the same reason the proof that the
attempt before is dead binds: the new attempt must refer to a block behind its end, and on a chain that has that block
the old one can't be included any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wallet.domain import signer_words
from wallet.domain.networks import ChainAssets
from wallet.domain.tron import abi
from wallet.domain.tron.addresses import BLACK_HOLE, ZERO_ADDRESS, Address, to_base58
from wallet.domain.tron.blocks import Header, block_id, decode_header, encode_header, ref_of
from wallet.domain.tron.protobuf import BadMessage
from wallet.domain.tron.transactions import (
    Raw,
    TransferAsset,
    TransferTrx,
    TriggerContract,
    decode_raw,
    encode_raw,
    tx_id,
)
from wallet.signer.protocol import DeadProof, SignerConflict, SignerLimited, SignerRefused, SignRequest
from wallet.signer.spending import DAY_MS, HOUR_MS, Spending

LONGEST_LIFE_MS = (
    600_000  # behind the solid block: 60 to 120 s behind the head, which is a minute ahead of it, and slack
)
ENDPOINTS_FOR_DEATH = 2
RECEIPTS_PER_DAY_UBTT = 10**18  # as wide as the other limits come
TRX = "trx"
TRC10 = "trc10"
TRC20 = "trc20"


@dataclass(frozen=True)
class Limit:
    """In the smallest unit that the chain knows."""

    per_transaction: int
    per_hour: int
    per_day: int


@dataclass(frozen=True)
class Rules:
    """The signer's own limits: for withdrawals, for the TRX that deposit addresses get as gas, for receipts."""

    limits: Mapping[str, Limit]
    fee_limit_sun: int  # the most energy that a call of the token may burn
    receipts_per_day_ubtt: int = RECEIPTS_PER_DAY_UBTT  # put into channels, of each asset
    chosen: tuple[str, ...] = ()  # the assets whose limits the operator has set, also to what they were


@dataclass(frozen=True)
class Payment:
    """What a transaction does, as read from its bytes."""

    raw: Raw
    reference: Header
    asset: str
    sender: Address
    recipient: Address
    amount: int


@dataclass(frozen=True)
class Parties:
    """Who is who, as the signer knows it from its keys and its store."""

    hot: Address
    payer: Address  # the hot address, or the deposit address that the request names
    recipient_is_deposit_address: bool
    token: Address


@dataclass(frozen=True)
class EarlierSignature:
    """The newest attempt of the same withdrawal, sweep or gas that was signed."""

    number: int
    tx_id: bytes
    expiration_ms: int
    reference_number: int
    asset: str
    recipient: Address
    amount: int


def read_payment(request: SignRequest, assets: ChainAssets, rules: Rules) -> Payment:
    """Return what the request's transaction does; raises SignerRefused for anything but a plain payment."""
    raw = _read_raw(request)
    reference = read_header(request.solid_header)
    if (raw.ref_block_bytes, raw.ref_block_hash) != ref_of(block_id(reference), reference.number):
        raise SignerRefused(signer_words.OTHER_BLOCK)
    life_ms = raw.expiration_ms - reference.timestamp_ms
    if not 0 < life_ms <= LONGEST_LIFE_MS:
        raise SignerRefused(signer_words.EXPIRES_LATE % {"life_ms": life_ms, "longest_ms": LONGEST_LIFE_MS})
    asset, sender, recipient, amount = _read_contract(raw, assets, rules)
    if amount <= 0:
        raise SignerRefused(signer_words.PAYS_NOTHING)
    return Payment(raw, reference, asset, sender, recipient, amount)


def check_parties(payment: Payment, purpose: str, parties: Parties) -> None:
    """Raise SignerRefused unless it goes from and to whom its purpose allows."""
    if payment.sender != parties.payer:
        raise SignerRefused(signer_words.OTHER_SENDER % {"sender": to_base58(payment.sender)})
    match purpose:
        case "withdrawal":
            if payment.asset == TRX:
                raise SignerRefused(signer_words.NO_TRX_OUT)
            if parties.payer != parties.hot:
                raise SignerRefused(signer_words.FROM_HOT_ALONE)
            _check_stranger(payment.recipient, parties)
        case "sweep":
            if parties.payer == parties.hot or payment.recipient != parties.hot:
                raise SignerRefused(signer_words.SWEEP_TO_HOT)
        case "gas":
            if payment.asset != TRX or parties.payer != parties.hot or not parties.recipient_is_deposit_address:
                raise SignerRefused(signer_words.GAS_FROM_HOT)
        case _:
            raise SignerRefused(signer_words.NO_SUCH_PURPOSE)


def check_attempt(request: SignRequest, payment: Payment, earlier: EarlierSignature | None) -> None:
    """Raise SignerRefused for a second signature of an attempt, and for a new one while an older one may live."""
    if earlier is None:
        return
    number = int(request.attempt_key.rpartition("/")[2])
    if number == earlier.number:
        raise SignerConflict(signer_words.OTHER_BYTES % {"attempt_key": request.attempt_key})
    if number < earlier.number:
        raise SignerRefused(signer_words.OUT_OF_TURN % {"attempt_key": request.attempt_key, "number": earlier.number})
    if (payment.asset, payment.recipient, payment.amount) != (earlier.asset, earlier.recipient, earlier.amount):
        raise SignerRefused(signer_words.PAYS_OTHERWISE)
    if request.dead_proof is None:
        raise SignerRefused(signer_words.EARLIER_NOT_DEAD % {"number": earlier.number})
    proofs = (request.dead_proof, *request.earlier_proofs)
    proof = next((proof for proof in proofs if proof.tx_id == earlier.tx_id), None)
    if proof is None:
        raise SignerRefused(signer_words.PROOF_OF_OTHER % {"number": earlier.number})
    _check_death(proof, payment.reference, earlier)


def check_proof(proof: DeadProof, reference: Header, dead: str) -> Header:
    """Return the proof's block; raises SignerRefused unless what it says of that block holds together.

    What endpoints did not have is the caller's word.
    """
    header = read_header(proof.header)
    if reference.number < header.number:
        raise SignerRefused(signer_words.BEFORE_DEATH % {"dead": dead})
    if len(set(proof.absent_at)) < ENDPOINTS_FOR_DEATH:
        raise SignerRefused(signer_words.FEW_ENDPOINTS % {"needed": ENDPOINTS_FOR_DEATH})
    if proof.scanned_to < header.number:
        raise SignerRefused(signer_words.INDEX_TOO_SHORT)
    return header


def read_header(header: bytes) -> Header:
    """Return the block that its header describes; raises SignerRefused for other bytes than the canonical ones."""
    try:
        found = decode_header(header)
        again = encode_header(found)
    except BadMessage as problem:
        raise SignerRefused(signer_words.NO_HEADER % {"problem": problem}) from None
    if again != header:
        raise SignerRefused(signer_words.HEADER_NOT_CANONICAL)
    return found


def check_limits(payment: Payment, purpose: str, rules: Rules, spending: Spending) -> None:
    """Raise SignerLimited when it is more than the signer signs at once, in an hour or in a day; sweeps stay ours."""
    if purpose == "sweep":
        return
    limit, at_ms = rules.limits[payment.asset], payment.reference.timestamp_ms
    if payment.amount > limit.per_transaction:
        raise SignerLimited(signer_words.ABOVE_LIMIT % {"per_transaction": limit.per_transaction})
    in_an_hour = signer_words.ABOVE_HOUR
    in_a_day = signer_words.ABOVE_DAY
    for says, length_ms, most in ((in_an_hour, HOUR_MS, limit.per_hour), (in_a_day, DAY_MS, limit.per_day)):
        if spending.since(payment.asset, at_ms - length_ms) + payment.amount > most:
            raise SignerLimited(says % {"most": most})


def _read_raw(request: SignRequest) -> Raw:
    try:
        raw = decode_raw(request.raw_bytes)
        again = encode_raw(raw)
    except BadMessage as problem:
        raise SignerRefused(signer_words.NO_TRANSACTION % {"problem": problem}) from None
    if again != request.raw_bytes:
        raise SignerRefused(signer_words.NOT_CANONICAL)
    if tx_id(again) != request.tx_id:
        raise SignerRefused(signer_words.OTHER_TXID)
    if raw.memo or raw.permission_id:
        raise SignerRefused(signer_words.MEMO)
    return raw


def _read_contract(raw: Raw, assets: ChainAssets, rules: Rules) -> tuple[str, Address, Address, int]:
    match raw.contract:
        case TransferTrx(owner, to, amount) if not raw.fee_limit_sun:
            return TRX, owner, to, amount
        case TransferAsset(owner, to, asset_id, amount) if not raw.fee_limit_sun:
            if asset_id != assets.trc10_id:
                raise SignerRefused(signer_words.OTHER_TOKEN % {"asset_id": asset_id})
            return TRC10, owner, to, amount
        case TriggerContract(owner, contract, data, call_value=0, call_token_value=0, token_id=0):
            if contract != assets.trc20_contract:
                raise SignerRefused(signer_words.OTHER_CONTRACT % {"contract": to_base58(contract)})
            if not 0 < raw.fee_limit_sun <= rules.fee_limit_sun:
                raise SignerRefused(
                    signer_words.FEE_LIMIT % {"fee_limit_sun": raw.fee_limit_sun, "most_sun": rules.fee_limit_sun}
                )
            call = abi.decode_transfer_call(data)
            if call is None or abi.transfer_call(*call) != data:
                raise SignerRefused(signer_words.NO_TRANSFER)
            return TRC20, owner, *call
    raise SignerRefused(signer_words.NOT_OURS)


def _check_stranger(recipient: Address, parties: Parties) -> None:
    if recipient in (parties.hot, parties.token, ZERO_ADDRESS, BLACK_HOLE) or parties.recipient_is_deposit_address:
        raise SignerRefused(signer_words.OWN_OR_NOBODYS % {"recipient": to_base58(recipient)})


def _check_death(proof: DeadProof, reference: Header, earlier: EarlierSignature) -> None:
    """Raise SignerRefused unless all parts of the proof hold, and the attempt was over at its block."""
    header = check_proof(proof, reference, signer_words.ATTEMPT % {"number": earlier.number})
    if header.timestamp_ms < earlier.expiration_ms or header.number <= earlier.reference_number:
        raise SignerRefused(signer_words.NOT_OVER % {"number": earlier.number})
    if reference.timestamp_ms < earlier.expiration_ms:
        raise SignerRefused(signer_words.BEFORE_END % {"number": earlier.number})
