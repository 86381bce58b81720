"""What each app shows on the overview, and what open pages watch for it."""

from seedbox.services import totals, watchables
from seedbox.web import torrent_tiles


def join(wallet_network: str) -> None:
    """Register the tiles of this box; one without a wallet has none about money."""
    torrent_tiles.register()
    watchables.register(totals.KIND, totals.messages)
