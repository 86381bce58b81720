"""What each app shows on the overview, and what open pages watch for it."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy

from seedbox.models import User
from seedbox.models.user import Role
from seedbox.services import listing, totals, watchables
from seedbox.services.node_tidings import STEPS
from seedbox.web import next_steps, tiles, torrent_tiles
from seedbox.web.next_steps import Step
from seedbox.web.tiles import Look, Part, Tile
from speed.services import trading
from speed.web import tiles as market_tiles
from wallet.services import attention, changes, news, purse
from wallet.services.news import Listener
from wallet.web import tiles as money_tiles

MONEY = "money"  # whose next steps they are
LISTENER = "the overview"

Message = dict[str, object]


def join(wallet_network: str) -> None:
    """Register the tiles of this box; one without a wallet has none about money."""
    torrent_tiles.register(watched_steps=STEPS)
    watchables.register(totals.KIND, totals.messages)
    watchables.register(listing.KIND, listing.messages)
    watchables.register(STEPS, _steps)
    if wallet_network == "off":
        _hide_money()
    else:
        _show_money()


def _show_money() -> None:
    for tile in _MONEY_TILES:
        tiles.register(tile)
    tiles.add_part(torrent_tiles.SPEEDS, Part("speed/tiles/split.html", _split, trading.KIND))
    next_steps.register(MONEY, _money_steps)
    watchables.register(purse.KIND, purse.messages)
    watchables.register(trading.KIND, trading.messages)
    changes.listen(LISTENER, _tell_of_money)
    news.listen(
        LISTENER,
        Listener(
            deposits=_tell_of_deposits,
            reserves=_tell_of_nothing,
            desk=_tell_of_halts,
            withdrawal=_tell_of_a_withdrawal,
        ),
    )


def _hide_money() -> None:
    for tile in _MONEY_TILES:
        tiles.forget(tile.name)
    tiles.forget_part(torrent_tiles.SPEEDS)
    next_steps.forget(MONEY)
    watchables.forget(purse.KIND)
    watchables.forget(trading.KIND)
    changes.stop_listening(LISTENER)
    news.stop_listening(LISTENER)


def _steps(user_id: int) -> Iterable[Message]:
    """Return the version of a user's next steps, and of how full the disk is: a page that shows others fetches them."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return []
    look = _look(user)
    found = {"tile-next": torrent_tiles.steps(look)["version"], "tile-counts": torrent_tiles.counts(look)["version"]}
    return [{"type": "versions", "versions": found}]


def _look(user: User) -> Look:
    return Look(user, datetime.now(UTC))


def _tell_of_money(user_ids: Collection[int]) -> None:
    watchables.tell(purse.KIND, user_ids)


def _tell_of_deposits(user_ids: Collection[int]) -> None:
    for kind in (purse.KIND, STEPS):
        watchables.tell(kind, user_ids)


def _tell_of_a_withdrawal(user_id: int) -> None:
    """Whoever's last one has ended is concerned by no halt any more, so nobody else tells."""
    watchables.tell(STEPS, [user_id])


def _tell_of_halts() -> None:
    admins = User.objects.filter(role=Role.ADMIN, is_active=True).values_list("pk", flat=True)
    watchables.tell(STEPS, attention.concerned_by_halts() | set(admins))


def _tell_of_nothing() -> None:
    """What operators see of the chain is on a page of its own."""


def _balance(look: Look) -> dict[str, Any]:
    return money_tiles.balance(look.user.pk)


def _income(look: Look) -> dict[str, Any]:
    return money_tiles.income(look.user.pk, look.now)


def _deals(look: Look) -> dict[str, Any]:
    return market_tiles.deals(look.user.pk)


def _split(look: Look) -> dict[str, Any]:
    return market_tiles.split(look.user.pk, look.totals.speeds)


def _money_steps(look: Look) -> list[Step]:
    waits = money_tiles.waits(look.user.pk, is_admin=look.user.is_admin)
    return [Step(one.text, one.act, one.url, "coins", one.tone) for one in waits]


_MONEY_TILES = (
    Tile(
        "balance",
        gettext_lazy("Balance"),
        "wallet/tiles/balance.html",
        _balance,
        "money",
        "coins",
        watches=(purse.KIND,),
        place=20,
    ),
    Tile(
        "income",
        gettext_lazy("Earned and spent"),
        "wallet/tiles/income.html",
        _income,
        "earnings",
        "market",
        watches=(purse.KIND,),
        place=30,
    ),
    Tile(
        "deals",
        gettext_lazy("Deals now"),
        "speed/tiles/deals.html",
        _deals,
        "market",
        "market",
        watches=(trading.KIND,),
        span=2,
        place=60,
    ),
)
