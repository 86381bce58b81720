"""Which accounts and transfers operators may touch. What is refused is Refused, with a sentence."""

from django.utils.translation import gettext as _

from wallet.domain.accounts import AccountKind
from wallet.domain.kinds import TransferKind
from wallet.models import Account, Transfer
from wallet.services.kind_words import account_in_words
from wallet.services.refusals import Refused

# Accounts whose balance follows from something else (the chain, a withdrawal, a deal): moved by hand they would lie.
ADJUSTABLE = frozenset(
    {
        AccountKind.USER,
        AccountKind.SUSPENSE,
        AccountKind.FEES,
        AccountKind.NETWORK_FEES,
        AccountKind.ROUNDING,
        AccountKind.TREASURY,
    }
)
REVERSIBLE = frozenset({TransferKind.TIP, TransferKind.GRANT, TransferKind.ADJUSTMENT})  # for the same reason


def find_account(account_id: int) -> Account:
    found = Account.objects.filter(pk=account_id).first()
    if found is None:
        raise Refused(_("There is no account %(account_id)s. The books list them all.") % {"account_id": account_id})
    return found


def find_transfer(transfer_id: int) -> Transfer:
    found = Transfer.objects.select_related("debit", "credit").filter(pk=transfer_id).first()
    if found is None:
        raise Refused(
            _("There is no transfer %(transfer_id)s. Its number stands beside the entry on the account's page.")
            % {"transfer_id": transfer_id}
        )
    return found


def check_adjustable(debit: Account, credit: Account) -> None:
    if debit.pk == credit.pk:
        raise Refused(_("Choose two different accounts."))
    if debit.asset != credit.asset:
        raise Refused(_("The accounts hold different assets, and none turns into another. Choose two of one asset."))
    for account in (debit, credit):
        if AccountKind(account.kind) not in ADJUSTABLE:
            raise Refused(
                _(
                    "Account %(pk)s (%(name)s) follows from the chain, a withdrawal or a deal, and can't "
                    "be adjusted by hand. Choose a user's account or one of the box's own."
                )
                % {"pk": account.pk, "name": account_in_words(account.name)}
            )


def check_reversible(original: Transfer) -> None:
    if TransferKind(original.kind) not in REVERSIBLE:
        raise Refused(
            _(
                "Only tips, grants and adjustments can be reversed here: the rest follows from the chain or from a "
                "deal. An adjustment between users and the box's own accounts may help."
            )
        )


def check_freezable(account: Account) -> None:
    if account.kind != AccountKind.USER:
        raise Refused(_("Only a user's account can be frozen: the others move by the box's own rules."))
