"""A deal for money: how soon a lane is what was granted, and how many messages and transactions paying takes.

A box with the development chain sells; a second node of it, in a process of its own, buys through a real connection of
the market, with vouchers out of a channel. Both times begin when the buyer hears of its first grant.
`first_paid_byte_s` is until the first block came through the lane that the buyer owes money for, `lane_90_s` until the
end of the first second in which it had 90 % of the speed that was granted at that time: the seller's trust, and the
speed with it, grows with what was paid. Blocks of before the connections were made anew count for neither.

`vouchers` are the frames with vouchers that were sent while `paid_mib` were paid for, `per_gib` is how many that is for
a GiB, `by_the_rules` how many the same bytes take if each is sent when it is due. `on_chain` counts the transactions in
blocks from the bid to the end of the deal's channel, but for sweeps: those gather what was paid in before.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from seedbox.config.benches import chain_devnet, vouchers
from seedbox.config.benches.chain_devnet import Devnet
from seedbox.config.benches.seeding_box import HOST, free_shared_memory, running_box
from seedbox.config.benches.seeding_deal import FETCHES_PERCENT, buyer, market_settings, sold_torrent
from seedbox.domain.units import GIB, MIB

LANE_BYTES_PER_S = 20 * MIB  # a trusted buyer hardly gets more: a window has to last until the next voucher
LASTS_S = 8  # at least
FREE_FOR_S = 60  # at most, that the buyer fetches before its lane opens
BLOCKS_AT_ONCE = 100


def measure(*, size_mib: int, say: Callable[[str], None]) -> dict[str, float]:
    """Buy so much, and return what it took."""
    with tempfile.TemporaryDirectory(prefix="box", dir=free_shared_memory()) as name:
        folder = Path(name)
        lane_bytes_per_s = min(LANE_BYTES_PER_S, size_mib * MIB // LASTS_S)
        fetches_bytes_per_s = lane_bytes_per_s * FETCHES_PERCENT // 100
        sold = sold_torrent(folder, size_mib * MIB + FREE_FOR_S * fetches_bytes_per_s)
        with running_box(folder, say=say, settings=market_settings()) as box:
            box.seed(sold, content=folder / "sold" / "film.bin")
            chain = chain_devnet.at(f"http://{HOST}:{box.environ['WALLET_DEVNET_PORT']}")
            with buyer(box, folder, sold, lane_bytes_per_s=lane_bytes_per_s) as ask:
                first_block = _newest_block(chain) + 1
                say("the buyer is ready")
                ask("buy")
                seen = ask("go_on", size_bytes=size_mib * MIB)
                ask("stop")
                tx_ids = _transactions(chain, first_block)
                swept = ask("sweeps")["tx_ids"]
    found = {
        "first_paid_byte_s": seen["first_paid_byte_s"],
        "lane_90_s": seen["lane_90_s"],
        "most_granted_mib_s": round(seen["most_granted_bytes_per_s"] / MIB, 2),
        "paid_mib": seen["covered_bytes"] // MIB,
        "vouchers": seen["vouchers"],
        "by_the_rules": vouchers.messages_per(seen["covered_bytes"]),
        "per_gib": round(seen["vouchers"] * GIB / seen["covered_bytes"], 1),
        "on_chain": len(set(tx_ids) - set(swept)),
    }
    say(f"paid: {found}")
    return found


def _newest_block(chain: Devnet) -> int:
    return int(chain.ask("wallet/getnowblock")["block_header"]["raw_data"]["number"])


def _transactions(chain: Devnet, first: int) -> list[str]:
    """Return the ids of all that is in blocks from this one on."""
    found: list[str] = []
    last = _newest_block(chain)
    for start in range(first, last + 1, BLOCKS_AT_ONCE):
        end = min(start + BLOCKS_AT_ONCE, last + 1)
        for block in chain.ask("wallet/getblockbylimitnext", startNum=start, endNum=end).get("block", []):
            found += (each["txID"] for each in block.get("transactions", []))
    return found
