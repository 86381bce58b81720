"""The page of earnings: which of one's torrents earn, what for their disk, and what nodes might ask."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from seedbox.web.doors import for_members, signed_in_user
from speed.domain.earning import Hint
from speed.services import asking, earning, earning_rows
from speed.services.earning import Shelf
from wallet.domain.money import format_btt
from wallet.services.install import market_asset

LABELS = ((None, _("All")), (Hint.KEEP, _("Keep")), (Hint.DROP, _("May go")))


@for_members
@require_GET
def market_earning(request: HttpRequest) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    text = request.GET.get("page", "")
    page = int(text) if text.isdecimal() and len(text) < 7 else 1
    hint = next((one for one in (Hint.KEEP, Hint.DROP) if one == request.GET.get("hint")), None)
    found = earning.shelf(user.pk, hint=hint, page=page, now=now)
    context = {
        "shelf": found,
        "rows": [earning_rows.torrent_row(line) for line in found.lines],
        "choices": _choices(found),
        "has_any": bool(sum(found.counts.values())),
        "sums": earning_rows.sums_row(found.earned),
        "gone": format_btt(found.gone_ubtt) if found.gone_ubtt else "",
        "chart": earning_rows.bars(earning.days(user.pk, now=now)) if found.earned.total_ubtt else None,
        "asks": [earning_rows.ask_row(asked) for asked in asking.of_nodes(now=now)] if user.is_admin else [],
        "unit": market_asset().unit,
    }
    return render(request, "speed/earning.html", context)


def _choices(found: Shelf) -> list[dict[str, object]]:
    """Return the lists that can be shown, each with how many torrents it has."""
    return [
        {
            "label": label,
            "query": f"?hint={hint.value}" if hint else "?",
            "count": found.counts.get(hint, 0) if hint else sum(found.counts.values()),
            "is_shown": found.hint is hint,
        }
        for hint, label in LABELS
    ]
