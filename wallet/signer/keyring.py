"""The chain keys of one phrase: the hot key at m/44'/195'/1'/0/0, deposit keys at m/44'/195'/0'/0/index.

They are under different accounts because an account's public key, which the web tier has, and one private key below it
give that account's private key away.
"""

import hmac

from wallet.domain.tron import keys
from wallet.domain.tron.addresses import Address, to_base58
from wallet.domain.tron.derivation import AccountKey, seed_of
from wallet.signer.secret import Secret

DEPOSIT_ACCOUNT = 0
HOT_ACCOUNT = 1
_STORE = b"seedbox signer store"


class Keyring:
    def __init__(self, phrase: Secret) -> None:
        seed = seed_of(phrase.reveal().decode())
        self._deposits = AccountKey.from_seed(seed, account=DEPOSIT_ACCOUNT)
        self._hot = Secret(AccountKey.from_seed(seed, account=HOT_ACCOUNT).private_key(0))
        self.store_key = Secret(hmac.digest(seed, _STORE, "sha256"))
        self.account_xpub = self._deposits.xpub()
        self.hot = keys.address_of_key(self._hot.reveal())
        self.hot_address = to_base58(self.hot)

    def deposit_address(self, index: int) -> Address:
        return keys.address_of_key(self._deposits.private_key(index))

    def sign(self, tx_id: bytes, *, from_index: int | None) -> bytes:
        private_key = self._hot.reveal() if from_index is None else self._deposits.private_key(from_index)
        return keys.sign(private_key, tx_id)

    def wipe(self) -> None:
        self._hot.wipe()
        self.store_key.wipe()
        del self._deposits  # its numbers are immutable: Python lets go of them, nobody overwrites them
