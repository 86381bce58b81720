"""The hub's API: what others' nodes ask of this install's ledger. docs/speed-protocol.md says what each call does."""

import threading
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from wallet import wiring
from wallet.domain import hub_json
from wallet.domain.channels import MAX_VOUCHERS, USUAL_LIFE
from wallet.domain.hub import MAX_OFFERS, OFFER_LIFE_S, HubChannel, HubRefused, Refusal
from wallet.domain.json_fields import flag, octets, octets_of, text, values, whole
from wallet.services import (
    hub_channels,
    hub_doorway,
    hub_identity,
    hub_offers,
    hub_statement,
    hub_vouchers,
    speed_keys,
)
from wallet.web.hub_requests import address_of, body_of, caller_of, for_methods, number_of, said

MOST_WAITING = 16  # of this process: each that waits for a receipt has a thread, the others are answered at once
USUAL_LIFE_S = int(USUAL_LIFE.total_seconds())
_waiting = threading.BoundedSemaphore(MOST_WAITING)


def _info(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    hub_doorway.take_turn("info", hub_doorway.INFO, address_of(request), now=now)
    nonce = octets_of(request.GET.get("nonce"), "nonce", exactly=16)
    info, signature = hub_identity.signed_info(wiring.signer(), nonce=nonce, now=now)
    return said(hub_json.info_json(info, signature))


def _bind(request: HttpRequest) -> HttpResponse:
    caller = caller_of(request, what="pairings", pace=hub_doorway.PAIRINGS)
    body = body_of(request)
    account = speed_keys.pair(
        caller=caller,
        code=text(body, "pairing"),
        daily_limit_ubtt=whole(body, "daily_limit_ubtt"),
        earns="earns" in body and flag(body, "earns"),
        key=text(body, "key"),
        now=timezone.now(),
    )
    return said({"account": account}, status=HTTPStatus.CREATED)


def _unbind(request: HttpRequest, speed_key: str) -> HttpResponse:
    caller = caller_of(request)
    if speed_key != caller:
        raise HubRefused(Refusal.NOT_FOUND, "There is no such key, or it is somebody else's.")
    speed_keys.revoke_everywhere(caller, now=timezone.now())
    return said({})


def _account(request: HttpRequest) -> HttpResponse:
    found = speed_keys.accounts_of(caller_of(request), now=timezone.now())
    return said({"accounts": [hub_json.account_json(account) for account in found]})


def _open(request: HttpRequest) -> HttpResponse:
    caller, body = caller_of(request), body_of(request)
    channel = hub_channels.open_channel(
        caller=caller,
        key=text(body, "key"),
        account=text(body, "account"),
        payee_key=octets(body, "payee", exactly=33).hex(),
        amount_ubtt=whole(body, "amount_ubtt"),
        expires_s=whole(body, "expires_s") if "expires_s" in body else USUAL_LIFE_S,
        now=timezone.now(),
    )
    return _said(channel, status=HTTPStatus.ACCEPTED)


def _channel(request: HttpRequest, channel_id: str) -> HttpResponse:
    caller, wait_s = caller_of(request), number_of(request, "wait")
    if not wait_s or not _waiting.acquire(blocking=False):
        return _said(hub_channels.seen(channel_id, caller, now=timezone.now()))
    try:
        return _said(hub_channels.wait_until_signed(channel_id, caller, wait_s=wait_s, clock=timezone.now))
    finally:
        _waiting.release()


def _top_up(request: HttpRequest, channel_id: str) -> HttpResponse:
    caller, body = caller_of(request), body_of(request)
    channel = hub_channels.top_up(
        caller=caller,
        channel_id=channel_id,
        key=text(body, "key"),
        amount_ubtt=whole(body, "amount_ubtt"),
        expires_s=whole(body, "expires_s"),
        now=timezone.now(),
    )
    return _said(channel)


def _close(request: HttpRequest, channel_id: str) -> HttpResponse:
    caller, body = caller_of(request), body_of(request)
    last = None if body.get("voucher") is None else hub_json.read_voucher(body["voucher"], "voucher")
    channel = hub_channels.close(
        caller=caller, channel_id=channel_id, key=text(body, "key"), last=last, now=timezone.now()
    )
    return _said(channel)


def _redeem(request: HttpRequest) -> HttpResponse:
    caller, body = caller_of(request), body_of(request)
    brought = [hub_json.read_voucher(row) for row in values(body, "vouchers", most=MAX_VOUCHERS)]
    redeemed = hub_vouchers.redeem(caller=caller, brought=brought, key=text(body, "key"), now=timezone.now())
    return said({"vouchers": [hub_json.redeemed_json(one) for one in redeemed]})


def _statement(request: HttpRequest) -> HttpResponse:
    caller = caller_of(request)
    return said(hub_json.statement_json(hub_statement.read(caller=caller, after=number_of(request, "after"))))


def _put_offers(request: HttpRequest) -> HttpResponse:
    caller, body = caller_of(request), body_of(request)
    keys = [octets_of(one, "keys", exactly=32) for one in values(body, "keys", most=MAX_OFFERS)]
    port, address = whole(body, "port", most=65_535), address_of(request)
    hub_offers.put(
        caller=caller, offer_keys=keys, address=address, port=port, key=text(body, "key"), now=timezone.now()
    )
    return said({"expires_s": OFFER_LIFE_S})


def _offers(request: HttpRequest) -> HttpResponse:
    caller = caller_of(request)
    key = octets_of(request.GET.get("key"), "key", exactly=32)
    found = hub_offers.found(key, caller=caller, now=timezone.now())
    return said({"offers": [{"address": offer.address, "port": offer.port} for offer in found]})


def _said(channel: HubChannel, *, status: int = HTTPStatus.OK) -> HttpResponse:
    return said(hub_json.channel_json(channel), status=status)


info = for_methods(GET=_info)
keys = for_methods(POST=_bind)
key = for_methods(DELETE=_unbind)
account = for_methods(GET=_account)
channels = for_methods(POST=_open)
channel = for_methods(GET=_channel)
top_up = for_methods(POST=_top_up)
close = for_methods(POST=_close)
vouchers = for_methods(POST=_redeem)
statement = for_methods(GET=_statement)
offers = for_methods(GET=_offers, PUT=_put_offers)
