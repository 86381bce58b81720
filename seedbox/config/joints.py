"""Where the apps meet that know nothing of each other: what one of them offers, others get by name."""

from functools import partial

from seedbox.services import watchables
from seedbox.web import navigation
from wallet.services import changes, screen

MONEY = "money"  # the address of the page, and what it watches
MONEY_PAGES = frozenset({MONEY, "money_history", "money_entry", "tip", "tip_send", "own_acts", "owed"})
BOOKS_PAGES = frozenset({"books", "books_account", "operator_acts", "operator_act"})


def join(wallet_network: str) -> None:
    """Show money on the pages of a box that has a wallet, and let open pages follow it."""
    if wallet_network == "off":
        navigation.forget(MONEY)
        watchables.forget(MONEY)
        changes.stop_listening("open pages")
        return
    navigation.register(navigation.Link(MONEY, "Money", "coins", MONEY_PAGES | BOOKS_PAGES))
    watchables.register(MONEY, screen.messages)
    changes.listen("open pages", partial(watchables.tell, MONEY))
