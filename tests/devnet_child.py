"""A development chain in a process of its own, for tests that kill it.

Writes a line for each thing that was done: the ids of the head and of the solid block. Before a reorg it says so.
"""

import sys
from pathlib import Path

from tests.devnet_scene import ALICE, BOB
from wallet.devnet import genesis
from wallet.devnet.chain import Devnet
from wallet.devnet.parameters import Lags

REORG = "reorg"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run(path: Path) -> None:
    chain = Devnet(state_path=path, lags=Lags(solid=6))
    head, solid = chain.view(is_solid=False), chain.view(is_solid=True)
    done = 0
    while True:
        done += 1
        chain.faucet(ALICE.address, trx_sun=done, assets={genesis.TRC10_ID: done})
        chain.faucet(BOB.address, tokens={genesis.BTT.address: done})
        chain.mine()
        if done > 6 and done % 3 == 0:
            say(REORG)
            chain.reorg(3, drop=done % 2 == 0)
        say(f"{head.tip().id.hex()} {solid.tip().id.hex()}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
