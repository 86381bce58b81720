"""Where the apps meet that know nothing of each other: what one of them offers, others get by name."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from seedbox.config import home, operator_view, telling
from seedbox.config import settings as box_settings
from seedbox.config.concern import Concern
from seedbox.config.demo import record
from seedbox.models import User
from seedbox.models.user import Role
from seedbox.services import columns, notices, watchables
from seedbox.services.columns import MoreColumn
from seedbox.web import navigation, torrent_tabs
from speed.services import deal_links, earning_screen, earnings_page, list_columns, trade_rollups, trading
from speed.services import news as market_news
from speed.services import screen as market_screen
from speed.web import panel
from wallet.services import causes, changes, deposit_screen, followers, news, reserves, screen, withdrawal_pages
from wallet.services.news import Listener

DEPOSITS, RESERVES, WITHDRAWALS, DESK = "deposits", "reserves", "withdrawals", "desk"  # what pages watch
MARKET, EARNING, EARNINGS = "market", "earning", "earnings"  # likewise
DEMO = "demo"  # the address of the page
SPEED = "speed"  # a tab of a torrent's page
MONEY = "money"  # the address of the page, and what it watches
ADMINS = "admins"  # what every page of an admin watches: nothing is said of it but that its user is none any more
OPERATOR = "operator"  # the address of the page, and what it watches
MONEY_PAGES = frozenset(
    {MONEY, "money_history", "money_entry", "tip", "tip_send", "own_acts", "owed", "deposit", "deposit_came"}
)
BOOKS_PAGES = frozenset(
    {"books", "books_account", "operator_acts", "operator_act", "reserves", "reserves_halt", "reserves_lift"}
)
WITHDRAWAL_PAGES = frozenset({"withdraw", "withdraw_send", "withdrawals", "withdrawal", "addresses", "addresses_check"})
DESK_PAGES = frozenset({"desk", "desk_withdrawal", "desk_rules"})
MARKET_PAGES = frozenset(
    {MARKET, "market_node", "market_rounds", "market_round", "market_selling", "market_buying", "market_bid"}
) | {"market_offer", "market_spending", "market_hubs", "market_auto", "market_auto_torrent", "market_earning"}
PEER = frozenset({"market_peer"})
# Causes of entries that have a deal behind them, by how they begin.
DEAL_CAUSES = {"deal": deal_links.of_deal, "channel": deal_links.of_channel, "voucher": deal_links.of_channel}

MORE_COLUMNS = (
    MoreColumn(
        list_columns.EARNED,
        _("Earned"),
        list_columns.show_earned,
        title=_("Your shares of what this torrent was sold for, in all"),
    ),
    MoreColumn(
        list_columns.PRICE,
        _("Price"),
        list_columns.show_price,
        title=_("What a GiB of it last cost you, or was last sold for"),
    ),
    MoreColumn(
        list_columns.UPLIFT,
        _("Uplift"),
        list_columns.show_uplift,
        title=_("How much faster it is while it is paid for, by its unpaid blocks"),
    ),
)

_concern = Concern()


def join(wallet_network: str) -> None:
    """Show money on the pages of a box that has a wallet, and let open pages follow it."""
    home.join(wallet_network)
    operator_view.join(wallet_network)
    telling.register(has_wallet=wallet_network != "off")
    watchables.register(notices.LIVE, notices.messages)
    watchables.register(ADMINS, lambda user_id: (), for_admins=True)
    if wallet_network == "devnet" and record.is_offered(box_settings.ENVIRONMENT):
        label = _("See it work: a demo in three minutes")
        navigation.offer(navigation.Link(DEMO, label, "play", frozenset({DEMO}), for_admins=True))
    else:
        navigation.offer_no_longer(DEMO)
    if wallet_network == "off":
        for url_name in (MONEY, MARKET, EARNINGS):
            navigation.forget(url_name)
        torrent_tabs.forget(SPEED)
        for name in list_columns.NAMES:
            columns.forget(name)
        for head in DEAL_CAUSES:
            causes.forget(head)
        for kind in (MONEY, DEPOSITS, RESERVES, WITHDRAWALS, DESK, MARKET, EARNING, EARNINGS):
            watchables.forget(kind)
        followers.forget(trade_rollups.FOLLOWER.name)
        changes.stop_listening("open pages")
        news.stop_listening("open pages")
        market_news.stop_listening("open pages")
        _show_operator()
        return
    navigation.register(
        navigation.Link(MONEY, _("Money"), "coins", MONEY_PAGES | WITHDRAWAL_PAGES | BOOKS_PAGES | DESK_PAGES, key="h")
    )
    _show_market()
    watchables.register(MONEY, screen.messages)
    watchables.register(WITHDRAWALS, withdrawal_pages.messages)
    changes.listen("open pages", _tell_of_money)
    watchables.register(DEPOSITS, deposit_screen.messages)
    watchables.register(RESERVES, reserves.messages, for_admins=True)
    watchables.register(DESK, withdrawal_pages.desk_messages, for_admins=True)
    news.listen(
        "open pages",
        Listener(
            deposits=partial(watchables.tell, DEPOSITS),
            reserves=partial(_tell_admins, RESERVES),
            desk=partial(_tell_admins, DESK),
        ),
    )
    _show_operator()


def _show_operator() -> None:
    label = _("Operator")
    navigation.register(navigation.Link(OPERATOR, label, "operator", frozenset({OPERATOR}), for_admins=True))


def _show_market() -> None:
    followers.register(trade_rollups.FOLLOWER)
    navigation.register(navigation.Link(MARKET, _("Market"), "market", MARKET_PAGES | PEER, key="m"))
    watchables.register(MARKET, market_screen.messages)
    navigation.register(navigation.Link(EARNINGS, _("Earnings"), "chart", frozenset({EARNINGS}), key="e"))
    watchables.register(EARNING, earning_screen.messages)
    watchables.register(EARNINGS, earnings_page.messages)
    torrent_tabs.register(torrent_tabs.Tab(SPEED, _("Speed"), "speed/_panel.html", panel.context))
    for column in MORE_COLUMNS:
        columns.register(column)
    for head, find in DEAL_CAUSES.items():
        causes.register(head, find)
    market_news.listen("open pages", _tell_of_market)


def _tell_of_market(user_ids: frozenset[int] | None) -> None:
    if user_ids is None:
        user_ids = _concern.anew(market_screen.concerned())
        _tell_admins(MARKET)
    for kind in (MARKET, trading.KIND):
        watchables.tell(kind, user_ids)


def _tell_of_money(user_ids: frozenset[int]) -> None:
    for kind in (MONEY, WITHDRAWALS, EARNING, EARNINGS):
        watchables.tell(kind, user_ids)


def _tell_admins(kind: str) -> None:
    admins = User.objects.filter(role=Role.ADMIN, is_active=True).values_list("pk", flat=True)
    watchables.tell(kind, admins)
