"""Seals the keystore anew: under a new passphrase or a new key in the key file, and under a new data key.

Each step leaves files that open. Whatever is left of a rotation that was interrupted goes with the next one.
"""

from collections.abc import Callable

from wallet.signer import key_files, keystore
from wallet.signer.founding import Lock
from wallet.signer.sealing import WrongKey
from wallet.signer.secret import Secret
from wallet.signer.signer import Place


def rotate(place: Place, old_key: Secret, new: Callable[[], Lock]) -> None:
    """Do all steps; raises WrongKey when the old key does not open the keystore, before a new one is made."""
    with key_files.alone_at(place.keys):
        for secret in keystore.load(place.keys).opened(old_key).values():
            secret.wipe()
        add_version(place, old_key, new())
        switch(place)
        drop_old_versions(place)


def add_version(place: Place, old_key: Secret, new: Lock) -> None:
    """Write what was sealed anew beside the old, which still counts, and open it once."""
    kept = keystore.load(place.keys)
    secrets = kept.opened(old_key)
    grown = kept.with_version(secrets, new.key, new.wrap)
    again = grown.switched().opened(new.key)
    if {name: one.reveal() for name, one in again.items()} != {name: one.reveal() for name, one in secrets.items()}:
        raise WrongKey("what was sealed anew does not open as it was: nothing was changed")
    keystore.save(grown, place.keys)
    for secret in (*secrets.values(), *again.values()):
        secret.wipe()


def switch(place: Place) -> None:
    keystore.save(keystore.load(place.keys).switched(), place.keys)


def drop_old_versions(place: Place) -> None:
    """Drop what no longer counts: the keys of old versions first, while the keystore still says which they are.

    All other keys stay in the key file: they may be those of another keystore.
    """
    old = keystore.load(place.keys)
    kept = old.without_old_versions()
    gone = {one.wrap for one in old.versions.values()} - {kept.wrap}
    if place.key_file.exists():
        key_files.change(place.key_file, lambda keys: {name: key for name, key in keys.items() if name not in gone})
    keystore.save(kept, place.keys)
