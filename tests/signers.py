"""A signer for tests, without a process of its own, and transactions for it to sign."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wallet.domain.networks import DEVNET, Network
from wallet.domain.tron.addresses import Address, parse_address
from wallet.domain.tron.blocks import Header, block_id, encode_header, ref_of
from wallet.domain.tron.derivation import AccountKey, seed_of
from wallet.domain.tron.keys import address_of_key
from wallet.domain.tron.transactions import Contract, Raw, TransferAsset, encode_raw, tx_id
from wallet.signer import founding, rules
from wallet.signer.policy import Rules
from wallet.signer.protocol import DeadProof, Purpose, SignRequest
from wallet.signer.secret import Secret
from wallet.signer.signer import Place, Signer

WORDS = "test " * 11 + "junk"  # everybody's: worth nothing
HOT = parse_address("TCjow1qG4ZvDNj5ZRCF2RSuS2kMCGKK1JJ")  # of these words, at m/44'/195'/1'/0/0
DEPOSIT_0 = parse_address("TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6")
STRANGER_KEY = bytes(31) + b"\x07"
STRANGER = address_of_key(STRANGER_KEY)
NOW_MS = 1_700_000_000_000
PASSPHRASE = Secret(b"a long passphrase of olga")
QUICK_N = 2**4  # scrypt as cheap as it comes
Json = dict[str, Any]


def change(path: Path, how: Callable[[Json], None]) -> None:
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))


def place_in(folder: Path) -> Place:
    return Place(folder / "signer", folder / "signer.key")


def found_signer(
    folder: Path,
    *,
    network: Network = DEVNET,
    passphrase: bool = False,
    words: str = WORDS,
    limits: Rules = rules.DEFAULT,
) -> Signer:
    """Make the keys of everybody's words in the folder, and return its signer."""
    place = place_in(folder)
    lock = (
        founding.lock_by_passphrase(PASSPHRASE, n=QUICK_N) if passphrase else founding.lock_by_key_file(place.key_file)
    )
    founding.found(place.folder, Secret(words.encode()), lock, network=network.name, at_ms=NOW_MS, limits=limits)
    return signer_in(folder, network=network)


def signer_in(folder: Path, *, network: Network = DEVNET) -> Signer:
    return Signer(place_in(folder), network, now_ms=lambda: NOW_MS)


def header(number: int = 100, *, after_s: int = 0) -> Header:
    """Return a block, so many seconds after the first one."""
    return Header(number, NOW_MS + after_s * 1_000, bytes(32), bytes(32), HOT, 31)


def pays(amount: int = 5_000_000, *, to: Address = STRANGER, sender: Address = HOT) -> TransferAsset:
    return TransferAsset(sender, to, DEVNET.assets.trc10_id, amount)


def request(
    contract: Contract | None = None,
    *,
    key: str = "withdrawal/17/1",
    block: Header | None = None,
    from_index: int | None = None,
    dead_proof: DeadProof | None = None,
    newest_signed: tuple[str, bytes] | None = None,
    life_s: int = 60,
    fee_limit_sun: int = 0,
    memo: bytes = b"",
    permission_id: int = 0,
) -> SignRequest:
    """Return a request that is as it should be, but for what is given."""
    block = block or header()
    raw = Raw(
        *ref_of(block_id(block), block.number),
        expiration_ms=block.timestamp_ms + life_s * 1_000,
        timestamp_ms=block.timestamp_ms,
        contract=contract or pays(),
        permission_id=permission_id,
        memo=memo,
        fee_limit_sun=fee_limit_sun,
    )
    raw_bytes = encode_raw(raw)
    purpose: Purpose = key.partition("/")[0]  # type: ignore[assignment]  # one of the three, or what is tested
    return SignRequest(
        purpose,
        key,
        raw_bytes,
        tx_id(raw_bytes),
        encode_header(block),
        from_index=from_index,
        dead_proof=dead_proof,
        newest_signed=newest_signed,
    )


def proof_of(dead: SignRequest, block: Header) -> DeadProof:
    return DeadProof(dead.tx_id, encode_header(block), ("one", "two"), block.number)


def secrets_of(words: str) -> list[bytes]:
    """Return what gives the money away: words, seed, private keys."""
    seed = seed_of(words)
    hot, deposits = AccountKey.from_seed(seed, account=1), AccountKey.from_seed(seed)
    return [words.encode(), seed, hot.private_key(0), deposits.private_key(0), deposits.node.key, hot.node.key]


def found_in(written: dict[Path, bytes], secrets: list[bytes]) -> list[tuple[Path, bytes]]:
    """Return where a secret stands, in any of the forms in which one is printed."""
    forms = [
        form for one in secrets for form in (one, one.hex().encode(), repr(one).encode(), one.hex().upper().encode())
    ]
    return [(path, form) for path, content in written.items() for form in forms if form in content]
