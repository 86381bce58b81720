"""What a withdrawal would cost, asked of the chain before anybody confirms it."""

import logging
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from wallet.chain.endpoints import Chain
from wallet.chain.port import CallFails, ChainError
from wallet.domain.fees import Quote, fee_ubtt
from wallet.domain.money import Asset, format_amount
from wallet.domain.tron.addresses import Address, parse_address, to_base58
from wallet.services import own_addresses, payouts, withdrawal_rules
from wallet.services.refusals import Refused

NOT_READY = gettext_noop(
    "Withdrawals are not ready yet: the box does not know the address that pays them. Try again in a minute."
)
WOULD_FAIL = gettext_noop(
    "The chain says that this payment would fail now. The box may have too little at hand: "
    "try a smaller amount, or later."
)
NO_CHAIN = gettext_noop(
    "The chain does not answer at the moment, so nobody can say what this costs. Try again in a minute."
)
NOT_AT_HAND = gettext_noop(
    "The address that pays has less than that at this moment. A deposit is credited before it is moved there, which "
    "takes a minute or two more; its operator may have to fill it, too. Try again later, or withdraw a smaller amount."
)
A_CONTRACT = gettext_noop(
    "This is the address of a contract, and most contracts keep what is sent to them. Choose a person's address."
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Offer:
    """A quote for one address, as it is shown."""

    address: str  # T…
    is_new_account: bool  # nobody has ever sent anything to it
    quote: Quote


def quote(chain: Chain, destination: Address, *, asset: Asset, amount_ubtt: int) -> Offer:
    """Ask the chain about the destination and the cost. Raises Refused, also when the chain does not answer."""
    hot = own_addresses.hot_address()
    if hot is None:
        raise Refused(NOT_READY)
    try:
        account = chain.account(destination)
        if account.is_contract:
            raise Refused(A_CONTRACT)
        if payouts.hot_units(chain, asset, parse_address(hot)) < payouts.units_of(amount_ubtt, asset, chain.network):
            raise Refused(NOT_AT_HAND)  # TRC-10's price would be told all the same, and TRC-20's call just fail
        payout = payouts.plan(chain, asset, hot=parse_address(hot), to=destination, amount_ubtt=amount_ubtt)
    except CallFails as problem:
        logger.info("a payment to %s would fail now: %s", to_base58(destination), problem)
        raise Refused(WOULD_FAIL) from None
    except ChainError:
        raise Refused(NO_CHAIN) from None
    rules = withdrawal_rules.in_asset(withdrawal_rules.current(), asset)
    fee = fee_ubtt(flat_ubtt=rules.flat_fee_ubtt, ubtt_per_trx=rules.ubtt_per_trx, cost_sun=payout.cost.total_sun)
    if fee >= amount_ubtt:
        raise Refused(
            _("The fee is %(fee)s now, which is more than would arrive. Withdraw a larger amount.")
            % {"fee": format_amount(fee, asset)}
        )
    return Offer(to_base58(destination), not account.exists, Quote(amount_ubtt, fee, payout.cost))
