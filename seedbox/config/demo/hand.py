"""A hand inside a box of the demo: does what its people would do on pages, and tells what the box knows.

Run in the box's environment, one process for the whole demo. It takes orders, see `hand_orders`, and ends with its
input.
"""

import django

django.setup()

from seedbox.config.demo import hand_buyer as buyer  # noqa: E402  # Django must be set up first
from seedbox.config.demo import hand_own as own  # noqa: E402  # as above
from seedbox.config.demo import hand_seller as seller  # noqa: E402  # as above
from seedbox.config.hand_orders import obey  # noqa: E402  # as above

OWN = (own.is_ready, own.bind, own.take_part, own.add)
BUYERS = (buyer.fund, buyer.charge, buyer.let_in, buyer.prepare, buyer.turn_on, buyer.turn_off, buyer.balances)
SELLERS = (seller.trust, seller.is_paired, seller.offer, seller.is_seeding)
SEES = (buyer.see_buyer, seller.see_seller)
VERBS = (*OWN, *BUYERS, *SELLERS, *SEES)

if __name__ == "__main__":
    obey(VERBS)
