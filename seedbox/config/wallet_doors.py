"""The box's doors as the wallet's pages find them, by the name in `settings.WALLET_DOORS`."""

from seedbox.services.factors import has_one
from seedbox.web.doors import for_admins, for_members, reauthenticated
from seedbox.web.second_factor_door import with_second_factor
from seedbox.web.throttled import throttled

has_second_factor = has_one
export_in_turn = throttled("export")
look_up_in_turn = throttled("look_up", when=lambda request: request.method == "POST")

__all__ = [
    "export_in_turn",
    "for_admins",
    "for_members",
    "has_second_factor",
    "look_up_in_turn",
    "reauthenticated",
    "with_second_factor",
]
