"""The networks that a wallet can speak with, and what is known of each beforehand: an endpoint must say the same."""

from dataclasses import dataclass

from wallet.domain.tron.addresses import Address, parse_address

SOLID_LAG_BLOCKS = 19  # 19 of 27 witnesses have built on a solid block
BLOCK_MS = 3_000


@dataclass(frozen=True, slots=True)
class ChainAssets:
    """What is money here. Names and symbols are anybody's; only these two tell a token."""

    trc10_id: int
    trc20_contract: Address


@dataclass(frozen=True, slots=True)
class Network:
    name: str  # as WALLET_NETWORK has it
    genesis_id: bytes | None  # of block 0; None: a devnet makes its own, so its endpoints need only agree
    assets: ChainAssets
    trc10_decimals: int = 6
    trc20_decimals: int = 18
    trc10_symbol: str = ""  # empty: what the token is called there is not checked
    trc20_symbol: str = "BTT"
    trc20_total: int | None = None  # in its smallest unit; None is not checked
    explorer: str = ""  # the address of a page about a transaction, to which its id is added

    @property
    def is_real(self) -> bool:
        """Whether its money is worth anything."""
        return self.name == "mainnet"


MAINNET_TRC20 = parse_address("TAFjULxiVgT4qWk6UZwjqwZXTSaGaqnVp4")
BTTOLD_ID = 1_002_000
BTT_TOTAL = 990 * 10**12 * 10**18

DEVNET = Network("devnet", None, ChainAssets(BTTOLD_ID, MAINNET_TRC20))  # its genesis puts it there, too
NILE = Network(
    "nile",
    bytes.fromhex("0000000000000000d698d4192c56cb6be724a558448e2684802de4d6cd8690dc"),
    ChainAssets(BTTOLD_ID, parse_address("TNuoKL1ni8aoshfFL1ASca1Gou9RXwAzfn")),
    explorer="https://nile.tronscan.org/#/transaction/",
)
MAINNET = Network(
    "mainnet",
    bytes.fromhex("00000000000000001ebf88508a03865c71d452e25f4d51194196a1d22b6653dc"),
    ChainAssets(BTTOLD_ID, MAINNET_TRC20),
    trc10_symbol="BTT",
    trc20_total=BTT_TOTAL,
    explorer="https://tronscan.org/#/transaction/",
)
NETWORKS = {network.name: network for network in (DEVNET, NILE, MAINNET)}
