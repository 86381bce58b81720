"""What the signer's store says of what was signed before, and whether the ledger knows more than it."""

from wallet.domain import signer_words
from wallet.domain.tron.addresses import parse_address
from wallet.signer import policy
from wallet.signer.policy import EarlierSignature
from wallet.signer.protocol import SignedAttempt, SignerLocked, SignerRefused, SignRequest
from wallet.signer.store import Kind, Store


def compare(request: SignRequest, store: Store, *, at_ms: int) -> None:
    """Fall silent when the ledger knows of a signature that is not in the store: the store is not what it was.

    What a person has confirmed since is taken for signed: that withdrawal gets no other bytes without a dead proof.
    """
    proofs = {proof.tx_id.hex(): proof for proof in (*request.earlier_proofs, request.dead_proof) if proof}
    for claimed in store.below(Kind.DOUBT, request.attempt_key.rpartition("/")[0]):
        if (tx_id := claimed.fields["tx_id"]) == request.tx_id.hex():
            continue
        if tx_id not in proofs:
            raise SignerRefused(signer_words.NOT_DEAD % {"subject": claimed.subject})
        policy.check_proof(proofs[tx_id], policy.read_header(request.solid_header), claimed.subject)
    if request.newest_signed is None:
        return
    key, signed = request.newest_signed
    known = (store.newest(Kind.SIGNATURE, key), store.newest(Kind.DOUBT, key))
    if not any(entry and entry.fields["tx_id"] == signed.hex() for entry in known):
        reason = signer_words.UNKNOWN_SIGNATURE % {"key": key}
        store.cast_doubt(reason, subject=key, tx_id=signed.hex(), at_ms=at_ms)
        raise SignerLocked(signer_words.CONFIRM % {"doubt": reason})


def newest_below(subject: str, store: Store) -> SignedAttempt | None:
    """Return the newest of what was signed for PURPOSE/ID."""
    entries = store.below(Kind.SIGNATURE, subject)
    if not entries:
        return None
    fields = entries[-1].fields
    raw_bytes, tx_id, signature = (bytes.fromhex(fields[name]) for name in ("raw", "tx_id", "signature"))
    return SignedAttempt(entries[-1].subject, raw_bytes, tx_id, signature, fields["reference"])


def earlier(request: SignRequest, store: Store) -> EarlierSignature | None:
    """Return what was signed last for what this request is an attempt of, as the policy wants to know it."""
    entries = store.below(Kind.SIGNATURE, request.attempt_key.rpartition("/")[0])
    if not entries:
        return None
    newest = entries[-1]
    fields = newest.fields
    return EarlierSignature(
        number=int(newest.subject.rpartition("/")[2]),
        tx_id=bytes.fromhex(fields["tx_id"]),
        expiration_ms=fields["expiration_ms"],
        reference_number=fields["reference"],
        asset=fields["asset"],
        recipient=parse_address(fields["recipient"]),
        amount=int(fields["amount"]),
    )
