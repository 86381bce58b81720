"""A backup is one file: the phrase, sealed under a passphrase of its own, and the entries of the signer's store.

The entries go along so that a signer put back still knows what it has signed; they are in clear text, and say
addresses and amounts, but no secret. The words on paper are the backup of the keys alone.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wallet.signer import key_files, keystore, sealing
from wallet.signer.founding import Lock
from wallet.signer.keyring import Keyring
from wallet.signer.keystore import BadKeystore, Keystore, Purpose
from wallet.signer.sealing import Scrypt, WrongKey
from wallet.signer.secret import Secret
from wallet.signer.store import BrokenStore, Entry, Store

WHAT = "seedbox wallet backup"  # after the command that writes it
FORMAT = 1
MOST_BYTES = 1 << 30  # of a million signatures, which nobody has


class BadBackup(Exception):
    """This is no backup of keys: {reason}."""


@dataclass(frozen=True)
class Backup:
    keystore: Keystore
    entries: list[Entry]

    def phrase(self, passphrase: Secret) -> Secret:
        """Return the phrase; raises WrongKey also when the addresses beside it are not its own."""
        return self.secrets(passphrase)[Purpose.PHRASE]

    def secrets(self, passphrase: Secret) -> dict[Purpose, Secret]:
        """Return the phrase, and what the hub's keys come from if it was kept; raises WrongKey as `phrase` does."""
        if not isinstance(self.keystore.wrap, Scrypt):
            raise WrongKey("the backup is not sealed under a passphrase")
        with sealing.stretch(passphrase, self.keystore.wrap) as key:
            found = self.keystore.opened(key)
        ring = Keyring(found[Purpose.PHRASE])
        if (ring.hot_address, ring.account_xpub) != (self.keystore.hot_address, self.keystore.account_xpub):
            raise WrongKey("the backup was altered: it names other addresses than its keys have")
        return found


def make(folder: Path, kept: Keystore, key: Secret, lock: Lock) -> Backup:
    """Return a backup of the keys in `folder`; raises WrongKey, BrokenStore."""
    secrets = kept.opened(key)
    bare = replace(kept, versions={}, current=1)
    sealed = bare.with_version(secrets, lock.key, lock.wrap)
    with secrets[Purpose.PHRASE] as phrase:
        ring = Keyring(phrase)
    store = Store(folder, ring.store_key)
    try:
        return Backup(sealed, list(store.open()))
    except FileNotFoundError:
        raise BrokenStore("the signer's store is gone: look for that first, the words on paper keep the keys") from None
    finally:
        store.close()
        ring.wipe()


def write(backup: Backup, path: Path) -> None:
    """Write the file for its owner alone; raises FileExistsError."""
    entries = [[e.number, e.at_ms, e.kind, e.subject, e.body, e.hash.hex()] for e in backup.entries]
    content = {"what": WHAT, "format": FORMAT, "keystore": keystore.write(backup.keystore), "entries": entries}
    key_files.write_whole(path, f"{json.dumps(content)}\n".encode(), replacing=False)


def read(path: Path) -> Backup:
    """Return the backup in the file; raises BadBackup, OSError. Its entries are checked where they are put back."""
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    try:
        return parse(text)
    except BadBackup as problem:
        raise BadBackup(f"{path} is no backup of keys: {problem}") from None


def parse(text: bytes) -> Backup:
    """Return the backup that a file's content describes; raises BadBackup."""
    try:
        content = json.loads(text) if len(text) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        content = None
    match content:
        case {"what": "seedbox wallet backup", "format": 1, "keystore": kept, "entries": list(entries)}:
            try:
                return Backup(keystore.read(kept), [_entry(entry) for entry in entries])
            except BadKeystore as problem:
                raise BadBackup(str(problem)) from None
            except ValueError:  # a number of more digits than Python reads
                raise BadBackup("its keystore has another shape") from None
    raise BadBackup("it has another shape, or was written by a newer version of this program")


def _entry(given: Any) -> Entry:
    match given:
        case [int(number), int(at_ms), str(kind), str(subject), str(body), str(digest)]:
            try:
                return Entry(number, at_ms, kind, subject, body, bytes.fromhex(digest))
            except ValueError:
                pass
    raise BadKeystore("an entry has another shape")
