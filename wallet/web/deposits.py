"""Where a user deposits: the own address, what is on its way, what has come."""

import qrcode
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from wallet import wiring
from wallet.chain.devnet_faucet import FaucetAway
from wallet.domain.deposits import format_units
from wallet.domain.money import Asset, format_amount
from wallet.domain.tron.addresses import to_base58
from wallet.services import deposit_screen, floats, statements
from wallet.services.deposit_addresses import NOT_READY, address_for
from wallet.services.deposit_rows import blocks_until_solid, deposit_row, minimum, usual_wait, why
from wallet.services.install import other_asset
from wallet.services.own_addresses import cursor, hot_address
from wallet.services.refusals import Refused
from wallet.web.assets import query_of
from wallet.web.books import read_before
from wallet.web.doors import for_members, user_id

NETWORKS = {
    "devnet": gettext_lazy("Development chain"),
    "nile": gettext_lazy("Nile test network"),
    "mainnet": gettext_lazy("TRON main network"),
}
LOOKS_AGAIN_S = "5"


@for_members
@require_GET
def deposit(request: HttpRequest) -> HttpResponse:
    who, read = user_id(request), cursor()
    if read is None:  # off a devnet the scan begins at the newest block: what came before would be missed for ever
        return _not_yet(request, _(NOT_READY))
    try:
        address = address_for(who, now=timezone.now()).address
    except Refused as refusal:
        return _not_yet(request, _(str(refusal)))
    network = wiring.network()
    context = {
        "address": address,
        "qr": _qr(address),
        "network": NETWORKS[network.name],
        "is_devnet": network.name == "devnet",
        "is_real": network.is_real,
        "assets": [
            ("BTT", "TRC-20", _("Contract"), to_base58(network.assets.trc20_contract), minimum(Asset.TRC20)),
            ("BTTOLD", "TRC-10", _("Token"), str(network.assets.trc10_id), minimum(Asset.TRC10)),
        ],
        "lag": blocks_until_solid(),
        "wait": usual_wait(read),
        "held": _held_elsewhere(who),
        "pending": deposit_screen.pending_of(who),
        **_list_context(request),
    }
    return render(request, "wallet/deposit.html", context)


def _not_yet(request: HttpRequest, why_not: str) -> HttpResponse:
    """Return a page that says why there is no address; if that is only a matter of time, it looks again by itself."""
    page = render(request, "wallet/deposit.html", {"refusal": why_not})
    if why_not == NOT_READY:
        page["Refresh"] = LOOKS_AGAIN_S
    return page


@for_members
@require_GET
def deposit_list(request: HttpRequest) -> HttpResponse:
    """Return the list of what has come, for a page that missed something."""
    return render(request, "wallet/_deposits.html", _list_context(request))


@for_members
@require_GET
def deposit_came(request: HttpRequest, deposit_id: int) -> HttpResponse:
    found = deposit_screen.deposit_of(user_id(request), deposit_id)
    if found is None:
        raise Http404
    asset = Asset(found.asset)
    context = {
        "deposit": found,
        "row": deposit_row(found),
        "exact": format_units(found.amount, asset),
        "credited": format_amount(found.amount_ubtt, asset),
        "why": why(found),
        "explorer": wiring.network().explorer,
    }
    return render(request, "wallet/deposit_came.html", context)


@for_members
@require_POST
def deposit_faucet(request: HttpRequest) -> HttpResponse:
    """Send some money of the development chain's to the user's address, by real transactions.

    The hot address gets TRX along with it when it lacks some: else nobody could withdraw on a new box.
    """
    faucet = wiring.faucet()
    if faucet is None:
        raise Http404
    try:
        faucet.pay(address_for(user_id(request), now=timezone.now()).address)
        hot = hot_address()
        if hot is not None and floats.lacks_trx():
            faucet.pay_trx(hot)
    except (Refused, FaucetAway) as problem:
        messages.error(request, _(str(problem)))
    else:
        messages.success(request, _("The faucet has paid. It is on its way to your address."))
    return redirect("deposit")


def _list_context(request: HttpRequest) -> dict[str, object]:
    before = read_before(request)
    found = deposit_screen.deposits_of(user_id(request), before=before, limit=deposit_screen.PAGE_DEPOSITS + 1)
    shown = found[: deposit_screen.PAGE_DEPOSITS]
    return {
        "rows": [deposit_row(one) for one in shown],
        "before": before,
        "older": shown[-1].pk if len(found) > len(shown) else None,
        "nothing": {},
        "part_url": reverse("deposit_list"),
    }


def _held_elsewhere(who: int) -> dict[str, str] | None:
    """Return what the user has in the other asset, with the way to its page."""
    account = statements.account_of(who, other_asset())
    if account is None or not account.available_ubtt:
        return None
    return {"amount": format_amount(account.available_ubtt, other_asset()), "query": query_of(other_asset())}


def _qr(text: str) -> dict[str, object]:
    """Draw the address: the side of the square, and the path of its dark modules."""
    drawn = qrcode.QRCode(border=1)
    drawn.add_data(text)
    drawn.make()
    rows = drawn.get_matrix()
    dark = (f"M{x},{y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return {"side": len(rows), "path": "".join(dark)}
