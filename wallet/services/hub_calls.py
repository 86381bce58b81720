"""Calls that change something happen once for their caller's key: the same again is answered as it was then.

What was refused stays refused under its key for an hour, so that a late duplicate, which is good for a minute, can't
succeed after its caller was told no. Of one key no more is kept than so many refusals, the newest; and nothing of what
is refused to a key that nobody here has to do with: anybody can make keys without end.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet

from wallet.domain.hub import MAX_KEY_CHARS, HubRefused, Refusal
from wallet.domain.items import BadItem
from wallet.models import Channel, HubCall, SpeedKey
from wallet.services import ledger

KEPT = timedelta(days=8)  # longer than the longest life of a channel
REFUSED_KEPT = timedelta(hours=1)
MOST_REFUSED = 5_000  # of one key: more than one address can ask for within the minute of a request
FORGOTTEN_AT_ONCE = 900  # rows of one statement: a short one holds nobody up, and SQLite takes 999 values
MAX_TEXT_CHARS = 300
_REFUSED = Q(code__gt="")
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_CHARS}}}", re.ASCII)

Body = Mapping[str, object]


def once(*, caller: str, key: str, call: str, body: Body, work: Callable[[], str], now: datetime) -> str:
    """Do the work, in one transaction with the note of it, and return what it is about. Raises HubRefused.

    `call` and `body` say what is asked for: the same key with others is a conflict. Work that raises HubRefused or
    BadItem leaves nothing behind; only the first is remembered.
    """
    digest = digest_of(call, body)
    check_key(key)

    def in_transaction() -> HubCall:
        if there := _earlier(caller, key, digest):
            return there
        note = HubCall(caller=caller, key=key, body_hash=digest, at=now)
        try:
            with transaction.atomic():
                note.about = work()
        except HubRefused as refusal:
            if not _has_to_do_with_us(caller):
                raise
            note.code, note.text = refusal.code, refusal.text[:MAX_TEXT_CHARS]
        note.save(force_insert=True)
        if note.code:
            _forget_refused_beyond(caller)
        return note

    try:
        note = ledger.whole(in_transaction)
    except BadItem as problem:
        raise HubRefused(Refusal.BAD_REQUEST, f"{problem}.") from None
    if note.code:
        raise HubRefused(Refusal(note.code), note.text)
    return note.about


def note(*, caller: str, key: str, call: str, body: Body, now: datetime) -> None:
    """Remember a call that may be carried out again and again; raises HubRefused when its key was used for another."""
    if not is_noted(caller=caller, key=key, call=call, body=body):
        HubCall.objects.create(caller=caller, key=key, body_hash=digest_of(call, body), at=now)


def is_noted(*, caller: str, key: str, call: str, body: Body) -> bool:
    """Say whether this very call came before; raises HubRefused when its key was used for another."""
    check_key(key)
    return _earlier(caller, key, digest_of(call, body)) is not None


def check_key(key: object) -> None:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise HubRefused(Refusal.BAD_REQUEST, f"key: write 1 to {MAX_KEY_CHARS} visible ASCII characters.")


def digest_of(call: str, body: Body) -> bytes:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=bytes.hex)
    return sha256(f"{call}\n{text}".encode()).digest()


def forget(*, now: datetime) -> None:
    """Forget old calls: the channels that came of them are over, and whoever asks again has long given up on those."""
    _forget(HubCall.objects.filter(at__lte=now - KEPT))
    _forget(HubCall.objects.filter(_REFUSED, at__lte=now - REFUSED_KEPT))


def _forget(calls: QuerySet[HubCall]) -> None:
    old = calls.order_by("at").values_list("pk", flat=True)
    while portion := list(old[:FORGOTTEN_AT_ONCE]):
        HubCall.objects.filter(pk__in=portion).delete()


def _forget_refused_beyond(caller: str) -> None:
    refused = HubCall.objects.filter(_REFUSED, caller=caller).order_by("-pk").values_list("pk", flat=True)
    HubCall.objects.filter(pk__in=list(refused[MOST_REFUSED : MOST_REFUSED + FORGOTTEN_AT_ONCE])).delete()


def _earlier(caller: str, key: str, digest: bytes) -> HubCall | None:
    there = HubCall.objects.filter(caller=caller, key=key).first()
    if there is not None and bytes(there.body_hash) != digest:
        raise HubRefused(Refusal.CONFLICT, "This key was used for something else. Make a new one for a new wish.")
    return there


def _has_to_do_with_us(caller: str) -> bool:
    """Whether an account has bound the key, or a channel is the key's."""
    is_bound = SpeedKey.objects.filter(key=caller, revoked_at__isnull=True).exists()
    return is_bound or Channel.objects.filter(Q(payer_key=caller) | Q(payee_key=caller)).exists()
