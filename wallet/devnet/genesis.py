"""How every development chain begins: the same keys, accounts, tokens and block 0, so that ids can be written down.

Everybody knows these keys. They are worth nothing, and no other chain has such accounts.
"""

from collections.abc import Mapping

from wallet.devnet.accounts import MAX_AMOUNT, Account, Value, account_key, asset_key, token_key
from wallet.devnet.answers import Asset, TokenContract, Witness
from wallet.devnet.written import value_to_text
from wallet.domain.networks import DEVNET
from wallet.domain.tron.addresses import Address
from wallet.domain.tron.blocks import NO_TRANSACTIONS, Header
from wallet.domain.tron.keys import address_of_key, contract_address, keccak256, sha256

GENESIS_MS = 1_700_000_000_000
HEADER_VERSION = 31
WITNESS_COUNT = 27
TRX_SUPPLY_SUN = 99_000_000_000 * 10**6
TRC10_ID = DEVNET.assets.trc10_id
LOOK_ALIKE_ID = 1_002_278  # named like the real one, as in a theft of 2019
TRC10_SUPPLY = 990_000_000_000 * 10**6
TRC20_SUPPLY = 990 * 10**12 * 10**18
_BYTECODE = bytes.fromhex("60806040") + b"a TRC-20 token of a development chain, run without a virtual machine"


def _key(name: str) -> bytes:
    return sha256(f"development chain: {name}".encode())


FAUCET_KEY = _key("faucet")
FAUCET = address_of_key(FAUCET_KEY)
WITNESS_KEYS = tuple(_key(f"witness {number}") for number in range(WITNESS_COUNT))
WITNESSES = tuple(
    Witness(address_of_key(key), f"http://witness-{number}.example", is_active=True)
    for number, key in enumerate(WITNESS_KEYS)
)


def _token(address: Address) -> TokenContract:
    return TokenContract(
        address=address,
        origin=FAUCET,
        name="BitTorrent",
        symbol="BTT",
        decimals=DEVNET.trc20_decimals,
        total_supply=TRC20_SUPPLY,
        bytecode=_BYTECODE,
        code_hash=keccak256(_BYTECODE),
    )


def _asset(number: int, abbr: str, description: str) -> Asset:
    return Asset(
        id=number,
        issuer=FAUCET,
        name="BitTorrent",
        abbr=abbr,
        decimals=DEVNET.trc10_decimals,
        total_supply=TRC10_SUPPLY,
        description=description,
        url="http://bittorrent.example",
        start_ms=GENESIS_MS,
        end_ms=GENESIS_MS + 86_400_000,
    )


BTT = _token(DEVNET.assets.trc20_contract)
FAKE_BTT = _token(contract_address(_key("a fake with the same name, symbol, decimals and supply"), FAUCET))
CONTRACTS: Mapping[Address, TokenContract] = {token.address: token for token in (BTT, FAKE_BTT)}
ASSETS: Mapping[int, Asset] = {
    TRC10_ID: _asset(TRC10_ID, "BTT", "The token of this development chain"),
    LOOK_ALIKE_ID: _asset(LOOK_ALIKE_ID, "BTTx", "Not the token that it looks like"),
}


def genesis_values() -> dict[bytes, Value]:
    """Return what there is before any block: all of it is the faucet's."""
    assert TRC10_SUPPLY <= MAX_AMOUNT
    values: dict[bytes, Value] = {account_key(FAUCET): Account(TRX_SUPPLY_SUN, created_ms=GENESIS_MS)}
    for witness in WITNESSES:
        values[account_key(witness.address)] = Account(created_ms=GENESIS_MS)
    for asset in ASSETS.values():
        values[asset_key(FAUCET, asset.id)] = asset.total_supply
    for token in CONTRACTS.values():
        values[account_key(token.address)] = Account(created_ms=GENESIS_MS, is_contract=True)
        values[token_key(token.address, FAUCET)] = token.total_supply
    return values


def genesis_header() -> Header:
    """Return the header of block 0. Where it names a parent, it names what there is: other amounts, another chain."""
    there_is = "".join(f"{key.hex()} {value_to_text(value)}\n" for key, value in sorted(genesis_values().items()))
    return Header(0, GENESIS_MS, sha256(there_is.encode()), NO_TRANSACTIONS, WITNESSES[0].address, HEADER_VERSION)
