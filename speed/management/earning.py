"""`manage.py speed earning`: what it prints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from speed.domain.earning import Hint
from speed.services import asking, earning, earning_rows
from wallet.domain.money import format_amount
from wallet.services.install import market_asset


def of_nodes(*, now: datetime) -> list[dict[str, Any]]:
    """Return what nodes ask, and what they might ask."""
    return [
        {
            **earning_rows.ask_row(asked),
            "ask_ubtt_per_gib": asked.ask_ubtt_per_gib,
            "suggested_ubtt_per_gib": asked.suggestion.ask_ubtt_per_gib,
        }
        for asked in asking.of_nodes(now=now)
    ]


def of_user(user_id: int, *, hint: str | None, page: int, now: datetime) -> dict[str, Any]:
    """Return a page of what a user's torrents have earned, and what all of them have."""
    found = earning.shelf(user_id, hint=Hint(hint) if hint else None, page=page, now=now)
    return {
        "total_ubtt": found.earned.total_ubtt,
        "week_ubtt": found.earned.week_ubtt,
        "today_ubtt": found.earned.today_ubtt,
        "gone_ubtt": found.gone_ubtt,
        "page": found.page,
        "pages": found.page_count,
        "torrents": [
            {
                **earning_rows.torrent_row(line),
                "total_ubtt": line.total_ubtt,
                "week_ubtt": line.week_ubtt,
                "today_ubtt": line.today_ubtt,
                "per_gib_day_ubtt": line.per_gib_day_ubtt,
            }
            for line in found.lines
        ],
    }


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return the same in lines."""
    asset = market_asset()
    today, week, total = (format_amount(found[f"{span}_ubtt"], asset) for span in ("today", "week", "total"))
    said = [f"{today} today, {week} within 7 days, {total} ever; page {found['page']} of {found['pages']}"]
    row = "{id}  {name}  {per_gib_day} per GiB and day, {today} today, {week} within 7 days, {total} ever  {sentence}"
    return said + [row.format(**one) for one in found["torrents"]]
