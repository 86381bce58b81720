"""Somebody's own page about how the box looks to them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from seedbox.domain.numerals import EVERY
from seedbox.services import readers
from seedbox.services.numerals import current
from seedbox.web.doors import for_members, signed_in_user


@for_members
@never_cache
@require_GET
def display(request: HttpRequest) -> HttpResponse:
    return render(request, "seedbox/display.html", {"every": EVERY, "chosen": current(), "now": timezone.now()})


@for_members
@require_POST
def display_choose(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    named = next((one for one in EVERY if one.name == request.POST.get("numerals")), None)
    if named is None:
        messages.error(request, _("Choose one of the ways to write numbers."))
    else:
        readers.choose(named, user_id=user.pk)
        messages.success(request, _("Kept. Pages that are open elsewhere follow when they are loaded again."))
    return redirect("display")
