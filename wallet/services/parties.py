"""The other side of an entry in words that stand after "from" or "to"; nothing here tells what that side has."""

from collections.abc import Iterable, Mapping

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.domain.accounts import OWNED, AccountKind, AccountName
from wallet.domain.money import Asset
from wallet.models import Account

SHORT_REF_CHARS = 8  # of a channel's 32: enough to tell one's channels apart
MAX_CALLED = 500  # accounts that a part of a name may mean: a statement of the database takes so many with ease

WORDS = {
    AccountKind.CHAIN: gettext_noop("the chain"),
    AccountKind.IN_FLIGHT: gettext_noop("withdrawals"),
    AccountKind.SUSPENSE: gettext_noop("unclaimed deposits"),
    AccountKind.FEES: gettext_noop("fees"),
    AccountKind.NETWORK_FEES: gettext_noop("network costs"),
    AccountKind.ROUNDING: gettext_noop("rounding"),
    AccountKind.TREASURY: gettext_noop("the operator"),
    AccountKind.CHANNEL: gettext_noop("channel"),
    AccountKind.BOUNTY: gettext_noop("bounty"),
    AccountKind.EARNINGS: gettext_noop("earnings"),
}
GONE = gettext_noop("somebody who has left")


def in_words(accounts: Iterable[Account]) -> dict[int, str]:
    """Return a word or name for each account, by its id."""
    names = {account.pk: account.name for account in accounts}
    people = get_user_model().objects.in_bulk(
        [int(name.ref) for name in names.values() if name.kind is AccountKind.USER]
    )
    return {pk: _in_words(name, people) for pk, name in names.items()}


def _in_words(name: AccountName, people: Mapping[int, object]) -> str:
    if name.kind is AccountKind.USER:
        person = people.get(int(name.ref))
        return str(person) if person is not None else _(GONE)
    word = _(WORDS[name.kind])
    return f"{word} {name.ref[:SHORT_REF_CHARS]}" if name.ref else word


def accounts_called(text: str, asset: Asset) -> list[int]:
    """Return accounts of which a part of the name or word is written so, the newest people's first."""
    people = get_user_model().objects.filter(username__icontains=text).order_by("-pk")
    refs = [str(pk) for pk in people.values_list("pk", flat=True)[:MAX_CALLED]]
    word = text.casefold()
    kinds = [kind for kind, words in WORDS.items() if kind not in OWNED and word in _(words).casefold()]
    wanted = Q(kind=AccountKind.USER, ref__in=refs) | Q(kind__in=kinds)
    head, _space, ref = word.partition(" ")
    if head == _(WORDS[AccountKind.CHANNEL]) and ref:
        wanted |= Q(kind=AccountKind.CHANNEL, ref__startswith=ref)
    return list(Account.objects.filter(wanted, asset=asset).values_list("pk", flat=True)[:MAX_CALLED])


def named(text: str, asset: Asset) -> dict[str, object] | None:
    """Return what the accounts have in common that somebody calls so, by user name or a word above; or None."""
    person = get_user_model().objects.filter(username__iexact=text).only("pk").first()
    if person is not None:
        return {"asset": asset, "kind": AccountKind.USER, "ref": str(person.pk)}
    word = text.casefold().removeprefix("the ")
    for kind, words in WORDS.items():
        known = _(words).casefold().removeprefix("the ")
        if word == known:
            return {"asset": asset, "kind": kind}
        if kind in OWNED and word.startswith(f"{known} "):
            return {"asset": asset, "kind": kind, "ref__startswith": word.removeprefix(f"{known} ")}
    return None
