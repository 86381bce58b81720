"""What `manage.py speed` takes."""

from argparse import ArgumentTypeError, BooleanOptionalAction
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.core.management.base import CommandError, CommandParser

from speed.domain.reading import BadNumber, read_mib, read_percent
from wallet.domain.money import BadAmount, parse_btt

OPTIONS = {
    "ask_ubtt_per_gib": "--ask",
    "free_share_ppm": "--free-share",
    "upload_limit_bytes_per_s": "--limit",
    "max_price_ubtt_per_gib": "--ceiling",
    "budget_ubtt": "--budget",
    "useful_bytes_per_s": "--useful",
    "spend_ubtt_per_s": "--per-hour",
    "ceiling_ubtt_per_gib": "--ceiling",
    "torrent_budget_ubtt": "--budget",
    "day_limit_ubtt": "--day",
    "least_bytes_per_s": "--wish",
    "finish_at": "--finish-by",
    "url": "--address",
}
AUTO_ACTS = {
    "--on": "with what is named; the rest stays as it was said",
    "--off": "bid no longer by itself; other spending stays on",
    "--as-all": "one torrent again as all others",
    "--stop": "stop all spending of this user, in the ledger itself",
    "--forecast": "tell what it would probably cost, and bid nothing",
}
BID = ("max_price_ubtt_per_gib", "budget_ubtt", "useful_bytes_per_s", "per_hour", "ask_hubs")
OF_NODES = {
    "sells": "--sells",
    "buys": "--buys",
    "upload_limit_bytes_per_s": "--limit",
    "free_share_ppm": "--free-share",
    "dials_local": "--local",
}


def add_verbs(parser: CommandParser) -> None:
    """Add the verbs, each with its own arguments; numbers are read as on the pages."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    sell = verbs.add_parser("sell", help="show how a node takes part, or change it; what isn't named stays")
    sell.add_argument("node", help="its name")
    sell.add_argument("--sells", action=BooleanOptionalAction, default=None, help="offer complete torrents")
    sell.add_argument("--buys", action=BooleanOptionalAction, default=None, help="let users bid through it")
    sell.add_argument("--limit", type=_number(read_mib), metavar="MIB_PER_S", dest="upload_limit_bytes_per_s")
    sell.add_argument("--free-share", type=_number(read_percent), metavar="PERCENT", dest="free_share_ppm")
    sell.add_argument("--ask", type=_number(parse_btt), metavar="BTT_PER_GIB", dest="ask_ubtt_per_gib")
    sell.add_argument("--local", action=BooleanOptionalAction, default=None, dest="dials_local")
    sell.add_argument("--torrent", metavar="KEY", help="decide on this torrent alone, by its info-hash")
    sell.add_argument("--for-sale", choices=("yes", "no", "as-the-node"), help="of that torrent")
    quotes_of = verbs.add_parser("quotes", help="list what sellers ask for a torrent; its node asks anew")
    bid = verbs.add_parser("bid", help="bid for a torrent, change the bid or withdraw it")
    for verb in (quotes_of, bid):
        verb.add_argument("id", type=int, help="of the torrent, as `torrents list` shows it")
        verb.add_argument("--user", required=True, help="who holds it")
    bid.add_argument("--ceiling", type=_number(parse_btt), metavar="BTT_PER_GIB", dest="max_price_ubtt_per_gib")
    bid.add_argument("--budget", type=_number(parse_btt), metavar="BTT", dest="budget_ubtt")
    bid.add_argument("--useful", type=_number(read_mib), default=0, metavar="MIB_PER_S", dest="useful_bytes_per_s")
    bid.add_argument("--per-hour", type=_number(parse_btt), metavar="BTT", help="default: as the page says")
    bid.add_argument("--ask-hubs", action="store_true", help="look for sellers of a private torrent at hubs")
    bid.add_argument("--withdraw", action="store_true", help="pay what is owed, and no more")
    own_bids = verbs.add_parser("bids", help="list a user's bids, or withdraw one by its number")
    own_bids.add_argument("--user", required=True, help="whose they are")
    own_bids.add_argument("--withdraw", type=int, metavar="NUMBER", help="also for a torrent that is gone")
    _add_auto(verbs.add_parser("auto", help="speed slow torrents up by themselves: show it, turn it on, off, or stop"))
    deals = verbs.add_parser("deals", help="list deals")
    deals.add_argument("--user", default="", help="only this user's; default: all in which the box sells")
    earning = verbs.add_parser("earning", help="tell what each node might ask, or what a user's torrents have earned")
    earning.add_argument("--user", default="", help="whose; default: what nodes might ask")
    earning.add_argument("--hint", choices=("keep", "drop", "neutral"), help="only torrents with this hint")
    earning.add_argument("--page", type=int, default=1, help="of the list of torrents")
    rounds = verbs.add_parser("rounds", help="list a node's last rounds")
    rounds.add_argument("node", help="its name")
    audit = verbs.add_parser(
        "audit",
        help="sum a round of ours up anew, or tell what came of those that a user bid in; "
        "end with 1 when something does not fit",
    )
    audit.add_argument("node", nargs="?", help="its name")
    audit.add_argument("number", nargs="?", type=int, metavar="ROUND", help="its number, as `rounds` shows it")
    audit.add_argument("--user", default="", help="who bought: the node has audited the rounds of those deals")
    hubs = verbs.add_parser("hubs", help="list the hubs that hold money, or decide on one")
    hubs.add_argument("id", nargs="?", help="of the hub to decide on: 40 hexadecimal digits")
    hubs.add_argument("--trusted", action=BooleanOptionalAction, default=None, help="whether nodes trade there")
    hubs.add_argument("--address", metavar="URL", help="where it is now; it must answer there")
    hubs.add_argument("--remove", action="store_true", help="forget it, if nothing of this box's is there")
    left_alone = verbs.add_parser("avoided", help="list the sellers that are left alone, or bid with one of them again")
    left_alone.add_argument("--forgive", metavar="KEY", help="let nodes bid with this one again, by its whole key")
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="print JSON")


def _add_auto(auto: CommandParser) -> None:
    auto.add_argument("id", nargs="?", type=int, help="of one torrent, as `torrents list` shows it; default: all")
    auto.add_argument("--user", required=True, help="whose they are")
    acts = auto.add_mutually_exclusive_group()
    for option, text in AUTO_ACTS.items():
        acts.add_argument(option, action="store_const", const=option, dest="act", help=text)
    auto.add_argument("--ceiling", type=_number(parse_btt), metavar="BTT_PER_GIB", dest="ceiling_ubtt_per_gib")
    auto.add_argument("--budget", type=_number(parse_btt), metavar="BTT", dest="budget_ubtt", help="for each torrent")
    auto.add_argument("--day", type=_number(parse_btt), metavar="BTT", dest="day_limit_ubtt", help="within 24 hours")
    auto.add_argument("--wish", type=_number(read_mib), metavar="MIB_PER_S", dest="least_bytes_per_s")
    auto.add_argument("--finish-by", type=_time, metavar="TIME", dest="finish_at", help="like 2026-12-01T08:00, in UTC")
    auto.add_argument("--ask-hubs", action=BooleanOptionalAction, default=None, dest="asks_directory")


def named(problems: Mapping[str, str]) -> str:
    """Return what is wrong with each field, by the option that says it."""
    return " ".join(f"{OPTIONS[name]}: {text}" if name in OPTIONS else text for name, text in problems.items())


def refuse_half_a_bid(wanted: Mapping[str, object]) -> None:
    """Refuse what would say something of a bid without being one. Raises CommandError."""
    if wanted["withdraw"] and any(wanted[name] for name in BID):
        raise CommandError("--withdraw goes with nothing else: to change the bid, leave it out")
    missing = [OPTIONS[name] for name in ("max_price_ubtt_per_gib", "budget_ubtt") if not wanted[name]]
    if missing and any(wanted[name] for name in BID):
        raise CommandError(
            f"a bid has a --ceiling and a --budget, also when it is changed: say {' and '.join(missing)}"
        )


def refuse_half_an_offer(wanted: Mapping[str, object]) -> None:
    """Refuse what one torrent alone would need, or can't have. Raises CommandError."""
    if wanted["torrent"] is None:
        if wanted["for_sale"] is not None:
            raise CommandError("--for-sale is of one torrent: say which by --torrent KEY")
        return
    of_nodes = [option for name, option in OF_NODES.items() if wanted[name] is not None]
    if of_nodes:
        raise CommandError(f"{', '.join(of_nodes)}: of the whole node, so not together with --torrent")
    if wanted["for_sale"] is None and wanted["ask_ubtt_per_gib"] is None:
        raise CommandError("--torrent: say --for-sale or --ask of it, too")


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("Write a time like 2026-12-01T08:00.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _number(read: Callable[[str], int]) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            return read(text)
        except (BadNumber, BadAmount) as problem:
            raise ArgumentTypeError(str(problem)) from None

    return number
