"""The signer itself, without its socket: keys, rules and memory, and what it does when asked.

It does one thing at a time, in one thread. Tests use it as it is, as a SignerDoor.
"""

import bisect
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from wallet.domain import signer_words
from wallet.domain.money import Asset
from wallet.domain.networks import Network
from wallet.domain.tron.addresses import to_base58
from wallet.signer import hub_desk, key_files, keystore, messages, notices, policy, remembered, rules, sealing
from wallet.signer.founding import KEYS_FILE
from wallet.signer.hub_desk import HubDesk
from wallet.signer.key_files import BadKeyFile
from wallet.signer.keyring import Keyring
from wallet.signer.keystore import BadKeystore, Keystore, Purpose
from wallet.signer.policy import Parties, Payment, Rules
from wallet.signer.protocol import (
    ADDRESSES_AT_ONCE,
    InfoRequest,
    ReceiptRequest,
    SignedAttempt,
    SignerLocked,
    SignerRefused,
    SignerStatus,
    SignRequest,
)
from wallet.signer.sealing import Scrypt, WrongKey
from wallet.signer.secret import Secret
from wallet.signer.spending import Spending
from wallet.signer.store import BrokenStore, Entry, Kind, Store, StoreUnwritable

MAX_REASON_CHARS = 500


@dataclass(frozen=True)
class Place:
    """Where the signer keeps what it keeps."""

    folder: Path  # keystore and store
    key_file: Path  # opens the keystore without a person, unless a passphrase does

    @property
    def keys(self) -> Path:
        return self.folder / KEYS_FILE


class Signer:
    """A SignerDoor that opens what is in `place`: by itself with a key file, else when it gets the passphrase."""

    def __init__(self, place: Place, network: Network, *, now_ms: Callable[[], int]) -> None:
        self._place = place
        self._network = network
        self._now_ms = now_ms
        self._keystore: Keystore | None = None
        self._ring: Keyring | None = None
        self._hub: HubDesk | None = None
        self._store: Store | None = None
        self._rules = rules.DEFAULT
        self._spending = Spending()
        self._indexes: list[int] = []  # of deposit addresses that were confirmed, ascending
        self._why_not = signer_words.NO_KEYS

    # --- what a SignerDoor can do

    def status(self) -> SignerStatus:
        self._open_by_itself()
        why_not = self._trouble()
        store, ring = self._store, self._ring
        signed = store.newest_signature if store else None
        return SignerStatus(
            ready=not why_not,
            why_not=why_not,
            network=self._network.name,
            hot_address=ring.hot_address if ring else None,
            account_xpub=ring.account_xpub if ring else None,
            entries=store.count if store else 0,
            newest_entry=store.newest_hash.hex() if store else "",
            newest_signed=(signed.subject, bytes.fromhex(signed.fields["tx_id"])) if signed else None,
            notices=notices.of(self._network, self._rules, self._keystore, self._place.key_file),
        )

    def account_xpub(self) -> str:
        return self._opened_ring().account_xpub

    def confirm_address(self, index: int) -> str:
        ring, store = self._ready()
        address = to_base58(ring.deposit_address(index))
        if not store.newest(Kind.ADDRESS, address):
            self._learn(store.append(Kind.ADDRESS, address, {"index": index}, at_ms=self._now_ms()))
        return address

    def signed_for(self, subject: str) -> SignedAttempt | None:
        """Say what was signed last for a withdrawal; a store in doubt may have lost that, and says nothing."""
        _, store = self._ready()
        return remembered.newest_below(subject, store)

    def addresses(self, first: int) -> list[int]:
        self._ready()
        start = bisect.bisect_left(self._indexes, first)
        return self._indexes[start : start + ADDRESSES_AT_ONCE]

    def sign(self, request: SignRequest) -> bytes:
        """Sign unless the policy forbids it. The signature is in the store before anybody gets it."""
        ring, store = self._ready()
        remembered.compare(request, store, at_ms=self._now_ms())
        before = store.newest(Kind.SIGNATURE, request.attempt_key)
        if before and before.fields["raw"] == request.raw_bytes.hex() and before.fields["tx_id"] == request.tx_id.hex():
            return bytes.fromhex(before.fields["signature"])
        payment = self._checked(request, ring, store)
        for proof in (*request.earlier_proofs, request.dead_proof):
            if proof:
                store.append(Kind.DEAD, request.attempt_key, messages.write_proof(proof), at_ms=self._now_ms())
        signature = ring.sign(request.tx_id, from_index=request.from_index)
        self._note_signature(request, payment, signature, store)
        return signature

    # --- what a HubSigner can do

    def hub_key(self, asset: Asset) -> bytes:
        return self._hub_desk().public_key(asset)

    def sign_receipt(self, request: ReceiptRequest) -> bytes:
        """Sign unless something else was signed for this version. It is in the store before anybody gets it."""
        _, store = self._ready()
        limit_ubtt = self._rules.receipts_per_day_ubtt
        return self._hub_desk().sign_receipt(request, store, most_ubtt=limit_ubtt, now_ms=self._now_ms())

    def sign_info(self, request: InfoRequest) -> bytes:
        return self._hub_desk().sign_info(request, now_ms=self._now_ms())

    def _hub_desk(self) -> HubDesk:
        self._opened_ring()
        if self._hub is None:
            raise SignerLocked(signer_words.NO_HUB)
        return self._hub

    @contextmanager
    def together(self) -> Iterator[None]:
        """Answer several questions, and put on the disk at the end what they left there: nobody may hear before.

        Raises StoreUnwritable, or what was raised inside: then nothing of it counts, and the store is read anew.
        """
        self._open_by_itself()
        try:
            with self._store.together() if self._store else nullcontext():
                yield
        except BaseException:
            self.let_go_of_store()
            raise

    # --- what a person at the signer's own machine can do

    def unlock(self, passphrase: Secret) -> None:
        """Open the keystore; raises SignerRefused for a wrong passphrase, SignerLocked when there is none to open."""
        self._open_by_itself()
        if self._ring:
            return
        if self._keystore is None or not isinstance(wrap := self._keystore.wrap, Scrypt):
            raise SignerLocked(self._why_not)
        try:
            with sealing.stretch(passphrase, wrap) as key:
                self._open(key)
        except WrongKey as problem:
            raise SignerRefused(str(problem)) from None

    def confirm(self, reason: str) -> None:
        """End every doubt about the store, or begin a new one in place of one that is gone."""
        ring = self._opened_ring()
        reason = reason.strip()
        if not 0 < len(reason) <= MAX_REASON_CHARS:
            raise SignerRefused(f"a reason of up to {MAX_REASON_CHARS} characters must be given")
        store = self._store
        if store is None:
            if self._why_not:
                raise SignerLocked(self._why_not)
            assert self._keystore
            store = self._fresh_store(ring)
            store.create({"keys": self._keystore.set_id, "network": self._network.name}, at_ms=self._now_ms())
        store.confirm(reason, at_ms=self._now_ms())
        self._store = store

    def set_rules(self, new: Rules) -> None:
        _, store = self._ready()
        self._learn(store.append(Kind.RULES, "", rules.write(new), at_ms=self._now_ms()))

    @property
    def rules(self) -> Rules:
        return self._rules

    def let_go_of_store(self) -> None:
        """Read the store anew before the next answer: nobody knows what a write that failed has left in it."""
        if self._store:
            self._store.close()
        self._store = None

    def close(self) -> None:
        self.let_go_of_store()
        if self._ring:
            self._ring.wipe()
        if self._hub:
            self._hub.wipe()
        self._ring = self._hub = None

    # --- opening

    def _open_by_itself(self) -> None:
        """Look for a keystore and a key that opens it, until one is open: somebody may have just made or mended it."""
        if self._ring:
            self._store = self._store or self._opened_store(self._ring)
            return
        try:
            self._keystore = keystore.load(self._place.keys)
            if self._keystore.network != self._network.name:
                says = signer_words.OTHER_NETWORK
                raise BadKeystore(says % {"theirs": self._keystore.network, "ours": self._network.name})
            wrap = self._keystore.wrap
            if isinstance(wrap, Scrypt):
                self._why_not = signer_words.LOCKED
                return
            key = key_files.read(self._place.key_file).get(wrap)
            if key is None:
                says = signer_words.NO_KEY_IN_FILE % {"path": self._place.key_file}
                raise BadKeyFile(says)
            self._open(key)
        except FileNotFoundError:
            self._keystore, self._why_not = None, signer_words.NO_KEYS
        except OSError as problem:
            facts = {"path": self._place.keys, "problem": problem.strerror}
            self._why_not = signer_words.CANT_BE_READ % facts
        except (BadKeystore, BadKeyFile, WrongKey) as problem:
            self._why_not = str(problem)

    def _open(self, key: Secret) -> None:
        assert self._keystore
        secrets = self._keystore.opened(key)
        with secrets[Purpose.PHRASE] as phrase:
            ring = Keyring(phrase)
        if (ring.hot_address, ring.account_xpub) != (self._keystore.hot_address, self._keystore.account_xpub):
            ring.wipe()
            raise WrongKey(signer_words.KEYSTORE_ALTERED)
        self._hub = hub_desk.open_desk(secrets.get(Purpose.HUB), key, self._place.keys, self._network.name)
        self._ring = ring
        self._store = self._opened_store(ring)

    def _opened_store(self, ring: Keyring) -> Store | None:
        store = self._fresh_store(ring)
        self._spending, self._rules, self._indexes, self._why_not = Spending(), rules.DEFAULT, [], ""
        if self._hub:
            self._hub.forget()
        try:
            for entry in store.open():
                self._learn(entry)
        except FileNotFoundError:
            return None
        except BrokenStore as problem:
            store.close()
            self._why_not = "; ".join((str(problem), signer_words.MEND, signer_words.MEND_ALONE))
            return None
        except StoreUnwritable as problem:
            store.close()
            self._why_not = str(problem)
            return None
        return store

    def _fresh_store(self, ring: Keyring) -> Store:
        return Store(self._place.folder, Secret(ring.store_key.reveal()))

    def _learn(self, entry: Entry) -> None:
        if entry.kind == Kind.RULES:
            self._rules = rules.follow(self._rules, rules.read(entry.fields))
        elif entry.kind == Kind.ADDRESS:
            bisect.insort(self._indexes, entry.fields["index"])
        elif entry.kind == Kind.RECEIPT and self._hub:
            self._hub.learn(entry, now_ms=self._now_ms())
        elif entry.kind == Kind.SIGNATURE:
            fields = entry.fields
            if fields["purpose"] != "sweep":
                self._spending.add(fields["asset"], int(fields["amount"]), at_ms=fields["chain_ms"])

    # --- whether it may be asked

    def _trouble(self) -> str:
        if self._why_not:
            return self._why_not
        if self._store is None:
            return signer_words.CONFIRM % {"doubt": signer_words.STORE_GONE}
        return signer_words.CONFIRM % {"doubt": self._store.doubt} if self._store.doubt else ""

    def _opened_ring(self) -> Keyring:
        self._open_by_itself()
        if self._ring is None:
            raise SignerLocked(self._why_not)
        return self._ring

    def _ready(self) -> tuple[Keyring, Store]:
        ring = self._opened_ring()
        if (trouble := self._trouble()) or self._store is None:
            raise SignerLocked(trouble)
        return ring, self._store

    # --- signing

    def _checked(self, request: SignRequest, ring: Keyring, store: Store) -> Payment:
        payment = policy.read_payment(request, self._network.assets, self._rules)
        policy.check_parties(payment, request.purpose, self._parties(request, payment, ring, store))
        policy.check_attempt(request, payment, remembered.earlier(request, store))
        if request.purpose != "sweep" and payment.asset in notices.unlimited(self._network, self._rules):
            raise SignerLocked(signer_words.UNLIMITED % {"asset": payment.asset})
        policy.check_limits(payment, request.purpose, self._rules, self._spending)
        return payment

    def _parties(self, request: SignRequest, payment: Payment, ring: Keyring, store: Store) -> Parties:
        payer = ring.hot if request.from_index is None else ring.deposit_address(request.from_index)
        is_ours = store.newest(Kind.ADDRESS, to_base58(payment.recipient)) is not None
        return Parties(ring.hot, payer, is_ours, self._network.assets.trc20_contract)

    def _note_signature(self, request: SignRequest, payment: Payment, signature: bytes, store: Store) -> None:
        body = {
            "purpose": request.purpose,
            "tx_id": request.tx_id.hex(),
            "raw": request.raw_bytes.hex(),
            "signature": signature.hex(),
            "asset": payment.asset,
            "sender": to_base58(payment.sender),
            "recipient": to_base58(payment.recipient),
            "amount": str(payment.amount),
            "expiration_ms": payment.raw.expiration_ms,
            "reference": payment.reference.number,
            "chain_ms": payment.reference.timestamp_ms,
        }
        self._learn(store.append(Kind.SIGNATURE, request.attempt_key, body, at_ms=self._now_ms()))
