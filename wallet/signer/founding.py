"""Makes the signer's folder, with keystore and store, whole or not at all."""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wallet.signer import hub_keys, key_files, keystore, rules, sealing
from wallet.signer.keyring import Keyring
from wallet.signer.keystore import Keystore, Purpose
from wallet.signer.policy import Rules
from wallet.signer.sealing import Scrypt
from wallet.signer.secret import Secret
from wallet.signer.store import Entry, Kind, Store

KEYS_FILE = "keys.json"


class KeysExist(Exception):
    """There are keys already: {folder}. Nothing was changed."""


@dataclass(frozen=True)
class Lock:
    """What the keystore is sealed under."""

    key: Secret
    wrap: Scrypt | str


def lock_by_passphrase(passphrase: Secret, *, n: int = sealing.SCRYPT_N) -> Lock:
    wrap = sealing.fresh_scrypt(n=n)
    return Lock(sealing.stretch(passphrase, wrap), wrap)


def lock_by_key_file(path: Path) -> Lock:
    """Put a new key into the key file, beside those in it; raises BadKeyFile."""
    name, key = key_files.fresh_key()
    key_files.change(path, lambda keys: keys | {name: key})
    return Lock(key, name)


def found(
    folder: Path,
    phrase: Secret,
    lock: Lock,
    *,
    network: str,
    at_ms: int,
    limits: Rules = rules.DEFAULT,
    entries: Sequence[Entry] | None = None,
    set_id: str = "",
    hub: Secret | None = None,
) -> Keystore:
    """Make the folder of new keys; with `entries`, even none, its store is one put back, which a person must confirm.

    Without the `hub` of a backup the hub gets new keys: to others it is another hub.
    Raises KeysExist when the folder is there.
    """
    if folder.exists():
        raise KeysExist(f"there are keys already: {folder}. Nothing was changed")
    fresh = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}")
    fresh.mkdir(mode=0o700, parents=True)
    ring = Keyring(phrase)
    try:
        empty = Keystore(set_id or secrets.token_hex(8), network, ring.hot_address, ring.account_xpub, 1, {})
        secrets_kept = {Purpose.PHRASE: phrase, Purpose.HUB: hub or hub_keys.fresh_seed()}
        made = empty.with_version(secrets_kept, lock.key, lock.wrap)
        keystore.save(made, fresh / KEYS_FILE, is_new=True)
        store = Store(fresh, ring.store_key)
        if entries is not None:
            store.put_back(entries)
        else:
            store.create({"keys": made.set_id, "network": network}, at_ms=at_ms)
            store.append(Kind.RULES, "", rules.write(limits), at_ms=at_ms)
        store.close()
        key_files.sync_folder(fresh)
        _move_into_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        ring.wipe()
    key_files.sync_folder(folder.parent)
    return made


def _move_into_place(fresh: Path, folder: Path) -> None:
    try:
        fresh.rename(folder)  # over a folder that is not empty it fails
    except OSError:
        if folder.exists():
            raise KeysExist(f"there are keys already: {folder}. Nothing was changed") from None
        raise
