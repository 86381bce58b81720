"""The keystore: the secrets of one set of keys, sealed, in versions side by side.

A version is a data key, sealed under a passphrase or under a key of the key file, and every secret sealed under that
data key. `current` names the version that counts. A rotation adds a version, points `current` at it, drops the old
one; the file is replaced whole each time, so whatever interrupts a rotation, one of the two opens.
"""

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from wallet.domain import signer_words
from wallet.signer import key_files, sealing
from wallet.signer.sealing import Scrypt, Sealed
from wallet.signer.secret import Secret

FORMAT = 1
MOST_BYTES = 65_536


class BadKeystore(Exception):
    """This is no keystore: {reason}."""


class Purpose(StrEnum):
    """What a secret is for; the signer is the only holder of all of them."""

    PHRASE = "phrase"  # the words that all chain keys come from
    HUB = "hub"  # what the keys come from by which an install's hub signs, one for each asset


@dataclass(frozen=True)
class Version:
    wrap: Scrypt | str  # how the key of the data key comes from a passphrase, or its id in the key file
    data_key: Sealed
    secrets: dict[str, Sealed]


@dataclass(frozen=True)
class Keystore:
    """A keystore as it is in the file. The public part says whose keys these are before they are opened."""

    set_id: str  # a random id of this set of keys; "wallet" in the file, as it always was
    network: str
    hot_address: str
    account_xpub: str
    current: int
    versions: dict[int, Version]

    @property
    def wrap(self) -> Scrypt | str:
        return self.versions[self.current].wrap

    @property
    def needs_passphrase(self) -> bool:
        return isinstance(self.wrap, Scrypt)

    def binding(self, version: int, purpose: str) -> str:
        return f"{self.set_id}|{self.network}|{version}|{purpose}"

    def opened(self, key: Secret) -> dict[Purpose, Secret]:
        """Return the secrets of the current version; raises WrongKey."""
        version = self.versions[self.current]
        with sealing.unseal(key, version.data_key, bound_to=self.binding(self.current, "data key")) as data_key:
            return {
                Purpose(name): sealing.unseal(data_key, sealed, bound_to=self.binding(self.current, name))
                for name, sealed in version.secrets.items()
            }

    def with_version(self, secrets: dict[Purpose, Secret], key: Secret, wrap: Scrypt | str) -> "Keystore":
        """Return the keystore with one more version, which does not count yet."""
        number = max(self.versions, default=0) + 1
        with sealing.fresh_data_key() as data_key:
            version = Version(
                wrap=wrap,
                data_key=sealing.seal(key, data_key, bound_to=self.binding(number, "data key")),
                secrets={
                    name.value: sealing.seal(data_key, secret, bound_to=self.binding(number, name))
                    for name, secret in secrets.items()
                },
            )
        return replace(self, versions=self.versions | {number: version})

    def with_secret(self, purpose: Purpose, secret: Secret, key: Secret) -> "Keystore":
        """Return the keystore with one more secret in the version that counts; raises WrongKey.

        The others stay sealed as they are.
        """
        version = self.versions[self.current]
        with sealing.unseal(key, version.data_key, bound_to=self.binding(self.current, "data key")) as data_key:
            sealed = sealing.seal(data_key, secret, bound_to=self.binding(self.current, purpose))
        grown = replace(version, secrets=version.secrets | {purpose.value: sealed})
        return replace(self, versions=self.versions | {self.current: grown})

    def switched(self) -> "Keystore":
        """Return the keystore with the newest version as the one that counts."""
        return replace(self, current=max(self.versions))

    def without_old_versions(self) -> "Keystore":
        return replace(self, versions={self.current: self.versions[self.current]})


def load(path: Path) -> Keystore:
    """Return the keystore in the file; raises BadKeystore, FileNotFoundError."""
    with path.open("rb") as file:
        text = file.read(MOST_BYTES + 1)
    try:
        return parse(text)
    except BadKeystore as problem:
        raise BadKeystore(signer_words.NO_KEYSTORE % {"path": path, "problem": problem}) from None


def parse(text: bytes) -> Keystore:
    """Return the keystore that a file's content describes; raises BadKeystore."""
    if len(text) > MOST_BYTES:
        raise BadKeystore(signer_words.TOO_LARGE)
    try:
        return read(json.loads(text))
    except (ValueError, RecursionError):
        raise BadKeystore(signer_words.NO_JSON) from None


def save(keystore: Keystore, path: Path, *, is_new: bool = False) -> None:
    """Write the file whole or not at all; raises FileExistsError when a new one would replace another."""
    key_files.write_whole(path, f"{json.dumps(write(keystore), indent=1)}\n".encode(), replacing=not is_new)


def write(keystore: Keystore) -> dict[str, Any]:
    versions = {
        str(number): {
            "wrap": _hexed(asdict(version.wrap)) if isinstance(version.wrap, Scrypt) else version.wrap,
            "data_key": _hexed(asdict(version.data_key)),
            "secrets": {name: _hexed(asdict(sealed)) for name, sealed in version.secrets.items()},
        }
        for number, version in keystore.versions.items()
    }
    public = {name: getattr(keystore, name) for name in ("network", "hot_address", "account_xpub", "current")}
    return {"format": FORMAT, "wallet": keystore.set_id, **public, "versions": versions}


def read(given: Any) -> Keystore:
    """Return the keystore that JSON describes; raises BadKeystore."""
    match given:
        case {
            "format": 1,
            "wallet": str(set_id),
            "network": str(network),
            "hot_address": str(hot_address),
            "account_xpub": str(account_xpub),
            "current": int(current),
            "versions": dict(versions),
        }:
            found = {int(number): _version(version) for number, version in versions.items() if number.isdecimal()}
            if current not in found:
                raise BadKeystore(signer_words.NO_CURRENT)
            return Keystore(set_id, network, hot_address, account_xpub, current, found)
        case {"format": int()}:
            raise BadKeystore(signer_words.NEWER_SHAPE)
    raise BadKeystore(signer_words.OTHER_SHAPE)


def _version(given: Any) -> Version:
    match given:
        case {"wrap": {"n": int(n), "r": int(r), "p": int(p), "salt": str(salt)}, "data_key": data_key, **rest}:
            wrap: Scrypt | str = Scrypt(n, r, p, _unhexed(salt))
        case {"wrap": str(key_id), "data_key": data_key, **rest}:
            wrap = key_id
        case _:
            raise BadKeystore(signer_words.VERSION_SHAPE)
    names = set(Purpose)
    sealed = rest.get("secrets")
    if not isinstance(sealed, dict) or not sealed.keys() <= names or Purpose.PHRASE not in sealed:
        raise BadKeystore(signer_words.VERSION_SECRETS)
    return Version(wrap, _sealed(data_key), {name: _sealed(secret) for name, secret in sealed.items()})


def _sealed(given: Any) -> Sealed:
    match given:
        case {"nonce": str(nonce), "ciphertext": str(ciphertext)}:
            return Sealed(_unhexed(nonce), _unhexed(ciphertext))
    raise BadKeystore(signer_words.SEALED_SHAPE)


def _hexed(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}


def _unhexed(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadKeystore(signer_words.NOT_HEXADECIMAL) from None
