"""Whose account it is, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind
from wallet.models import Account

REF_CHARS = 8  # of a channel's id: enough to tell it apart on a page


@dataclass(frozen=True)
class Holder:
    """Who holds an account; `is_person` tells a name that somebody chose from words of ours."""

    name: str
    is_person: bool = False


def holders(accounts: Iterable[Account]) -> dict[int, Holder]:
    """Return the holder of each account by the account's id."""
    accounts = list(accounts)
    ids = {int(account.ref) for account in accounts if account.kind == AccountKind.USER}
    users = get_user_model().objects.in_bulk(ids) if ids else {}
    names = {pk: user.get_username() for pk, user in users.items()}
    return {account.pk: _holder(account, names) for account in accounts}


def holder(account: Account) -> Holder:
    return holders([account])[account.pk]


def _holder(account: Account, names: dict[int, str]) -> Holder:
    kind = AccountKind(account.kind)
    if kind is AccountKind.USER:
        name = names.get(int(account.ref))
        return (
            Holder(name, is_person=True)
            if name is not None
            else Holder(_("User %(ref)s, who is gone") % {"ref": account.ref})
        )
    return Holder(f"{_(kind.label)} {account.ref[:REF_CHARS]}".strip())
