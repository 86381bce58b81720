"""A user's own statement to take along, with the filters that the history is shown with."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from wallet.services import own_export, statements
from wallet.web.assets import choice_of
from wallet.web.doors import export_in_turn, for_members, user_id
from wallet.web.history_query import read_asked

# Of each form its type, and how its files' names end.
TYPES = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "jsonl": ("application/x-ndjson; charset=utf-8", "jsonl"),
    "beancount": ("text/plain; charset=utf-8", "beancount"),
}


@require_GET
@for_members
@export_in_turn
def money_export(request: HttpRequest, form: str) -> HttpResponse:
    if form not in TYPES:
        raise Http404
    choice = choice_of(request, user_id(request))
    account = statements.account_of(user_id(request), choice.asset)
    asked = read_asked(request.GET, asset=choice.name)
    found = own_export.pieces(account, user_id(request), wanted=asked.wanted, form=form) if account else iter(())
    content_type, ending = TYPES[form]
    response = StreamingHttpResponse(_sent(found), content_type=content_type)
    name = f"ledger-{choice.asset.unit.lower()}-{timezone.now():%Y-%m-%d}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Accel-Buffering"] = "no"  # nginx in front would wait for all of it
    return cast("HttpResponse", response)  # the doors know of no other kind, and do nothing with it


async def _sent(pieces: Iterator[str]) -> AsyncIterator[bytes]:
    """Read each piece when the one before is sent, in the thread that may speak with the database."""
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece.encode()
