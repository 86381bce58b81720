"""What the hub takes for its work: what an operator has set, or nothing until one has."""

from datetime import datetime

from django.utils.translation import gettext as _

from wallet.domain.items import key_hash
from wallet.domain.money import format_count
from wallet.domain.rounding import PPM
from wallet.models import HubRules
from wallet.services import ledger
from wallet.services.operators import USED, Actor, check_reason
from wallet.services.refusals import Refused

HIGHEST_PPM = PPM // 2  # more than half of what a seller earns is a slip of the keyboard


def fee_ppm() -> int:
    """Return the fee of channels that open now, of what is redeemed from them."""
    found = HubRules.objects.order_by("-pk").first()
    return found.fee_ppm if found else 0


def history(*, limit: int) -> list[HubRules]:
    return list(HubRules.objects.order_by("-pk")[:limit])


def set_fee(ppm: int, *, actor: Actor, reason: str, key: str, now: datetime) -> HubRules:
    """Take another fee from now on, once for the key; channels that are open keep theirs. Raises Refused."""
    reason = check_reason(reason)
    if type(ppm) is not int or not 0 <= ppm <= HIGHEST_PPM:
        raise Refused(
            _("The fee is a whole number of millionths, from 0 to %(highest)s.")
            % {"highest": format_count(HIGHEST_PPM)}
        )
    digest = key_hash(f"hub-rules/{actor.id}/{key}")

    def work() -> HubRules:
        earlier = HubRules.objects.filter(key_hash=digest).first()
        if earlier is None:
            return HubRules.objects.create(
                at=now, actor_id=actor.id, actor_name=actor.name, reason=reason, fee_ppm=ppm, key_hash=digest
            )
        if (earlier.actor_id, earlier.reason, earlier.fee_ppm) != (actor.id, reason, ppm):
            raise Refused(USED)
        return earlier

    return ledger.whole(work)
