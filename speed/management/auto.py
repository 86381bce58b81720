"""`manage.py speed auto`: what it does, and what it prints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.management.base import CommandError

from seedbox.services import market_facts
from seedbox.services.market_facts import TorrentFacts
from speed.domain.auto_terms import OwnTerms
from speed.models import AutoBidding
from speed.services import auto_rows, auto_screen, autobid, spenders
from speed.services.auto_screen import Story
from speed.services.autobid import Choice, Terms
from speed.services.deal_rows import Row

T = TypeVar("T")
CHOICES = {"--on": Choice.ON, "--off": Choice.OFF, "--as-all": Choice.AS_ALL}
OF_ALL = ("day_limit_ubtt", "asks_directory")
TERMS = ("ceiling_ubtt_per_gib", "budget_ubtt", "least_bytes_per_s", "finish_at", *OF_ALL)
NOT_ON = "off: say --on with --ceiling, --budget, --day, and --wish or --finish-by"


def act(user_id: int, torrent: TorrentFacts | None, options: Mapping[str, Any], *, now: datetime) -> None:
    """Do what was said. Raises BadBid, CommandError."""
    wanted = options["act"]
    named = [name for name in TERMS if options[name] is not None]
    if named and wanted not in ("--on", "--forecast"):
        raise CommandError("a ceiling, a budget or a wish goes with --on or --forecast")
    if torrent is None:
        if wanted in ("--as-all", "--forecast"):
            raise CommandError(f"{wanted} is of one torrent: say which")
        _act_on_all(user_id, options, now=now)
        return
    if any(name in named for name in OF_ALL):
        raise CommandError("--day and --ask-hubs are of all torrents together: leave the torrent out")
    if wanted == "--stop":
        raise CommandError("--stop is of all torrents: for this one say --off")
    if wanted in CHOICES:
        keeps = not named and wanted != "--as-all"  # a mere word changes no terms
        own = autobid.own_terms(user_id, torrent.torrent_id) if keeps else own_terms(options)
        autobid.choose(user_id, torrent.torrent_id, CHOICES[wanted], own, now=now)


def _act_on_all(user_id: int, options: Mapping[str, Any], *, now: datetime) -> None:
    if options["act"] == "--on":
        autobid.turn_on(user_id, general_terms(user_id, options), now=now)
    elif options["act"] == "--off":
        autobid.turn_off(user_id, now=now)
    elif options["act"] == "--stop":
        autobid.stop(user_id, now=now)


def own_terms(options: Mapping[str, Any]) -> OwnTerms:
    return OwnTerms(
        options["ceiling_ubtt_per_gib"], options["budget_ubtt"], options["least_bytes_per_s"], options["finish_at"]
    )


def general_terms(user_id: int, options: Mapping[str, Any]) -> Terms:
    """Return what was named, and for the rest what was said before; a wish is named as a whole."""
    before = autobid.of_user(user_id) or AutoBidding(ceiling_ubtt_per_gib=0, torrent_budget_ubtt=0)
    has_wish = options["least_bytes_per_s"] is not None or options["finish_at"] is not None
    return Terms(
        ceiling_ubtt_per_gib=_or(options["ceiling_ubtt_per_gib"], before.ceiling_ubtt_per_gib),
        torrent_budget_ubtt=_or(options["budget_ubtt"], before.torrent_budget_ubtt),
        day_limit_ubtt=_or(options["day_limit_ubtt"], spenders.budget_of(user_id).day_limit_ubtt),
        least_bytes_per_s=(options["least_bytes_per_s"] if has_wish else before.least_bytes_per_s) or 0,
        finish_at=options["finish_at"] if has_wish else before.finish_at,
        asks_directory=_or(options["asks_directory"], before.asks_directory),
    )


def _or(said: T | None, before: T) -> T:
    return before if said is None else said


def forecast(user_id: int, torrent: TorrentFacts, options: Mapping[str, Any], *, now: datetime) -> Row:
    """Return what bidding for one torrent would probably cost, by what its sellers last said."""
    has_own = any(options[name] is not None for name in TERMS)
    own = own_terms(options) if has_own else None
    found = auto_screen.dry_run(user_id, torrent.torrent_id, own=own, now=now)
    return {
        "name": torrent.name or torrent.key,
        "sentence": found.sentence,
        "cost_ubtt": found.found.cost_ubtt,
        "speed_bytes_per_s": found.found.speed_bytes_per_s,
        "finished_in_s": -1 if found.found.finished_in_s is None else found.found.finished_in_s,
        "unpaid_in_s": -1 if found.found.unpaid_in_s is None else found.found.unpaid_in_s,
    }


def rows(user_id: int, torrent: TorrentFacts | None) -> dict[str, Any]:
    """Return how it stands: for all, and for each torrent that was bid for; of one torrent with its log."""
    said = autobid.of_user(user_id)
    general = auto_rows.general_row(said, spenders.budget_of(user_id)) if said is not None else None
    if torrent is not None:
        story = auto_screen.story(user_id, torrent.torrent_id)
        found = [auto_rows.story_row(story, name=torrent.name)] if story is not None else []
        return {"all": general, "torrents": found, "log": auto_rows.log_rows(story) if story is not None else []}
    stories = auto_screen.stories(user_id)
    names = _names(stories)
    found = [auto_rows.story_row(story, name=names.get(story.bid.torrent_id, "")) for story in stories]
    return {"all": general, "torrents": found}


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the same in lines."""
    general = found["all"]
    said = (
        [NOT_ON]
        if general is None
        else ["{state}  {wish}, up to {ceiling}, {budget} each, {day} a day".format(**general)]
    )
    said += ["{name}  {state}  {spent}  {uplift}; {saved}\n  {sentence}".format(**row) for row in found["torrents"]]
    return said + ["  {at}  {sentence}".format(**row) for row in found.get("log", [])]


def _names(stories: list[Story]) -> dict[int, str]:
    ids = {story.bid.torrent_id for story in stories}
    return {one.torrent_id: one.name for one in market_facts.torrents(ids=ids)} if ids else {}
