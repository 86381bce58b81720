"""Look at the market and take part in it from a shell."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from seedbox.domain.kept import told
from seedbox.services import audit, market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain.buying import pace_for
from speed.management import auto, earning
from speed.management.arguments import add_verbs, named, refuse_half_a_bid, refuse_half_an_offer
from speed.models import ForSale, Verdict
from speed.services import audits, avoided, bids, hub_list, hub_trust, markets, node_rows, quotes, round_rows, screen
from speed.services.bids import BadBid
from speed.services.deal_rows import buying_row
from speed.services.hub_trust import HubStays
from speed.services.markets import BadTerms, Terms
from speed.services.screen import Viewer
from speed.wiring import ask_hub_at

HOUR_S = 3_600
OFF = "WALLET_NETWORK is off: this box has no market."
COMPLETE = "the torrent is complete: nobody needs to sell it"
NO_QUOTE = "no seller is known yet: the node asks the peers that it is connected to, so try again in some seconds"
_TERMS = ("sells", "buys", "ask_ubtt_per_gib", "free_share_ppm", "upload_limit_bytes_per_s", "dials_local")


class Command(BaseCommand):
    help = "Sell upload, bid for speed, and look at deals, rounds and prices."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_verbs(parser)

    def handle(self, *, verb: str, **options: Any) -> None:
        if not markets.takes_part():
            raise CommandError(OFF)
        acts: dict[str, Callable[..., None]] = {
            "sell": self._sell,
            "quotes": self._quotes,
            "bid": self._bid,
            "bids": self._bids,
            "auto": self._auto,
            "deals": self._deals,
            "earning": self._earning,
            "rounds": self._rounds,
            "audit": self._audit,
            "hubs": self._hubs,
            "avoided": self._avoided,
        }
        acts[verb](now=datetime.now(UTC), as_json=options.pop("json"), **options)

    def _sell(self, *, node: str, torrent: str | None, for_sale: str | None, now: datetime, **options: Any) -> None:
        terms = _terms(node, now=now)
        refuse_half_an_offer(options | {"torrent": torrent, "for_sale": for_sale})
        given = {name: options[name] for name in _TERMS if options[name] is not None}
        try:
            if torrent is not None:
                _decide(node, torrent, for_sale, terms.offers.get(torrent, ("", 0)), given, now=now)
            elif given:
                wanted = {name: getattr(terms, name) for name in _TERMS} | given
                markets.change(node_name=node, **wanted, origin=audit.command_line(), now=now)
        except BadTerms as refusal:
            raise CommandError(named(refusal.problems)) from None
        state = node_rows.node_states(now=now, only=[node])[0]
        row = node_rows.node_row(state, now=now)
        self._print([row], "{name}  {says} Ask {ask}, free share {free}. Buying: {buying}", options["as_json"])

    def _quotes(self, *, id: int, user: str, now: datetime, as_json: bool, **_: Any) -> None:
        torrent = _torrent(id, user)
        quotes.look(torrent.torrent_id, now=now)
        found = screen.quotes(torrent.node_name, torrent.key, now=now)
        line = "{seller}  ask {ask}, last price {last}, {for_sale} for sale, bidders: {bidders}"
        self._print(found, line, as_json, nothing=COMPLETE if torrent.is_complete else NO_QUOTE)

    def _bid(self, *, id: int, user: str, now: datetime, as_json: bool, withdraw: bool, **options: Any) -> None:
        torrent, user_id = _torrent(id, user), _user_id(user)
        refuse_half_a_bid(options | {"withdraw": withdraw})
        if withdraw:
            bids.withdraw(user_id=user_id, torrent_id=torrent.torrent_id)
        elif options["max_price_ubtt_per_gib"]:
            try:
                bids.place(user_id=user_id, torrent_id=torrent.torrent_id, now=now, **_wish(**options))
            except BadBid as refusal:
                raise CommandError(named(refusal.problems)) from None
        stands = bids.of_torrent(torrent.torrent_id, user_id=user_id)
        rows = [screen.row_of_bid(stands, name=torrent.name)] if stands else []
        line = "{name}  {state}  up to {ceiling}, {budget} used, {speed}  {note}"
        self._print(rows, line, as_json, nothing="no bid: say --ceiling and --budget")

    def _bids(self, *, user: str, withdraw: int | None, as_json: bool, **_: Any) -> None:
        user_id = _user_id(user)
        if withdraw is not None and not bids.withdraw_one(user_id, withdraw):
            raise CommandError(f"{user} has no bid {withdraw}: the list without --withdraw has their numbers")
        rows = [row for _, row in screen.own_bids(user_id)]
        line = "{number}  {name}  {state}  up to {ceiling}, {budget} used, {speed}  {note}"
        self._print(rows, line, as_json, nothing="no bids")

    def _auto(self, *, id: int | None, user: str, now: datetime, as_json: bool, **options: Any) -> None:
        user_id, torrent = _user_id(user), _torrent(id, user) if id is not None else None
        try:
            auto.act(user_id, torrent, options, now=now)
        except BadBid as refusal:
            raise CommandError(named(refusal.problems)) from None
        if torrent is not None and options["act"] == "--forecast":
            self._print([auto.forecast(user_id, torrent, options, now=now)], "{name}  {sentence}", as_json)
            return
        found = auto.rows(user_id, torrent)
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(auto.lines(found)))

    def _deals(self, *, user: str, as_json: bool, **_: Any) -> None:
        if user:
            found = [buying_row(deal) for deal in screen.buying_deals(_user_id(user))]
            found += screen.selling_rows(Viewer(_user_id(user), is_admin=False))
        else:
            found = screen.all_selling()
        line = "{row}  {state}  {name}  {lane} at {price}, paid {paid}, owed {owed} {unit}  {why}"
        self._print(found, line, as_json, nothing="no deals")

    def _earning(self, *, user: str, hint: str | None, page: int, now: datetime, as_json: bool, **_: Any) -> None:
        if not user:
            line = "{name}  asks {ask}  {label} {suggested}  {sentence}"
            self._print(earning.of_nodes(now=now), line, as_json, nothing="no node has started yet")
            return
        found = earning.of_user(_user_id(user), hint=hint, page=page, now=now)
        self.stdout.write(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(earning.lines(found)))

    def _rounds(self, *, node: str, now: datetime, as_json: bool, **_: Any) -> None:
        _terms(node, now=now)
        found = [round_rows.round_row(one) for one in round_rows.newest(node)]
        line = "{number}  {at_text}  {price}  {granted} of {for_sale}, bids: {bids}, lost: {lost}"
        self._print(found, line, as_json, nothing="no round yet: one runs every ten seconds while somebody bids")

    def _audit(
        self, *, node: str | None, number: int | None, user: str, now: datetime, as_json: bool, **_: Any
    ) -> None:
        if user and node is not None:
            raise CommandError("say a node and a round, or --user: not both")
        if user:
            self._audits_of(_user_id(user), now=now, as_json=as_json)
            return
        if node is None or number is None:
            raise CommandError("say which round of which node, or whose deals with --user")
        _terms(node, now=now)
        found = round_rows.find(node, number)
        if found is None:
            raise CommandError(
                f"node {node} has held no round {number}, or has forgotten it: see `speed rounds {node}`"
            )
        findings = round_rows.audited(found)
        if findings is None:
            raise CommandError("the round's bids are kept for a day only")
        if as_json:
            self.stdout.write(json.dumps({"round": round_rows.round_row(found), "findings": findings}))
        for finding in [] if as_json else findings or ["everything fits"]:
            self.stdout.write(finding)
        if findings:
            raise CommandError(f"{len(findings)} things in round {number} do not fit")

    def _hubs(self, *, id: str | None, now: datetime, as_json: bool, **wanted: Any) -> None:
        if id is not None:
            _decide_on_hub(id, now=now, **wanted)
        elif wanted["address"] or wanted["remove"] or wanted["trusted"] is not None:
            raise CommandError("say which hub: its id stands in the list")
        found = [hub_list.hub_row(hub) for hub in hub_list.all_hubs()]
        self._print(found, "{hub_id}  {says}  up to {limit}  {url}  {name}", as_json)

    def _avoided(self, *, forgive: str | None, now: datetime, as_json: bool, **_: Any) -> None:
        if forgive is not None and not avoided.forgive(forgive, origin=audit.command_line(), now=now):
            raise CommandError(f"no seller {forgive} is left alone: its key stands in the list")
        self._print(avoided.rows(now=now), "{key}  {says} No bids until {until} UTC.  {where}", as_json)

    def _audits_of(self, user_id: int, *, now: datetime, as_json: bool) -> None:
        deals = screen.buying_deals(user_id)
        rows = [round_rows.audits_of(deal, now=now) for deal in deals]
        self._print(rows, "{name}, sold by {seller}: {says}. {left_alone}", as_json, nothing="no deals")
        wrong = [seen for deal in deals for seen in audits.wrong_rounds(deal.deal_id)]
        for seen in [] if as_json else wrong:
            self.stdout.write(f"round {seen.number} of deal {seen.deal_id}: {told(seen.finding)}")
        if wrong:
            count = sum(audits.counts(deal.deal_id).get(Verdict.WRONG, 0) for deal in deals)
            raise CommandError(f"{count} rounds were wrong")

    def _print(self, rows: Sequence[Mapping[str, object]], line: str, as_json: object, nothing: str = "") -> None:
        """Print a line for each row, or what to say where there is none; or all as one JSON value."""
        if as_json:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
            return
        if not rows and nothing:
            self.stdout.write(nothing)
        for row in rows:
            self.stdout.write(line.format(**row).rstrip())


def _torrent(holding_id: int, user: str) -> TorrentFacts:
    torrent = market_facts.torrent_of(holding_id, user_id=_user_id(user))
    if torrent is None:
        raise CommandError(f"{user} has no torrent {holding_id}: `torrents list --user {user}` has their numbers")
    return torrent


def _wish(*, per_hour: int | None, ask_hubs: bool, **options: Any) -> dict[str, Any]:
    said = {name: options[name] for name in ("max_price_ubtt_per_gib", "budget_ubtt", "useful_bytes_per_s")}
    pace = per_hour // HOUR_S if per_hour is not None else pace_for(**said)
    return said | {"spend_ubtt_per_s": pace, "asks_directory": ask_hubs}


def _decide(
    node: str, torrent: str, for_sale: str | None, before: tuple[str, int], given: dict[str, Any], *, now: datetime
) -> None:
    if torrent not in {one.key for one in market_facts.torrents(node_name=node)}:
        raise CommandError(f"--torrent: nobody holds a torrent {torrent} on node {node}")
    wanted = ForSale(before[0]) if for_sale is None else ForSale("" if for_sale == "as-the-node" else for_sale)
    ask = given.get("ask_ubtt_per_gib", before[1])
    markets.offer(
        node_name=node,
        torrent_key=torrent,
        for_sale=wanted,
        ask_ubtt_per_gib=ask,
        origin=audit.command_line(),
        now=now,
    )


def _decide_on_hub(
    hub_id: str, *, trusted: bool | None, address: str | None, remove: bool, now: datetime, **_: Any
) -> None:
    origin = audit.command_line()
    hub = next((one for one in hub_list.all_hubs() if one.hub_id == hub_id), None)
    if hub is None:
        raise CommandError(f"there is no hub {hub_id} in the list: `speed hubs` prints it")
    try:
        if address is not None:
            hub_trust.move(hub.pk, url=address, ask=ask_hub_at, origin=origin, now=now)
        if trusted is not None:
            limit_ubtt = hub.exposure_limit_ubtt
            hub_trust.change(hub.pk, is_trusted=trusted, exposure_limit_ubtt=limit_ubtt, origin=origin, now=now)
        if remove:
            hub_trust.remove(hub.pk, origin=origin, now=now)
    except BadTerms as refusal:
        raise CommandError(named(refusal.problems)) from None
    except HubStays as refusal:
        raise CommandError(str(refusal)) from None


def _terms(node: str, *, now: datetime) -> Terms:
    """Return what was decided of a node that exists. Raises CommandError."""
    terms = markets.terms_of(node, now=now)
    if terms.node is None:
        raise CommandError(f"there is no node {node!r}: `nodes` lists them, and each appears with its first start")
    return terms


def _user_id(name: str) -> int:
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if found is None:
        raise CommandError(f"--user: there is no user {name}; the page People lists them")
    return int(found.pk)
