"""What pages of users and of operators share: a withdrawal is acted on, and its page says what came of it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from wallet.models import Withdrawal
from wallet.services.refusals import Refused


def carry_out(request: HttpRequest, act: Callable[[], str], *, page: str, withdrawal_id: int) -> HttpResponse:
    """Do it, show the sentence that it returns or why it was refused, and lead to the page of that withdrawal."""
    try:
        messages.success(request, act())
    except Withdrawal.DoesNotExist:
        raise Http404 from None
    except Refused as refusal:
        messages.error(request, _(str(refusal)))
    return redirect(page, withdrawal_id)
