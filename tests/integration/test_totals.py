"""What a node says of all that a user's torrents move on it."""

import pytest

from seedbox.models import User
from seedbox.services import totals
from seedbox.services.totals import Speeds
from tests.builders import make_holding, make_observation, make_torrent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("few", [0, 10], ids=["for-many", "for-few"])
def test_what_moves_is_told_to_those_who_look_and_hold_it(
    owner: User, stranger: User, admin: User, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(totals, "FEW_USERS", few)
    fast, idle = make_torrent("fast.iso"), make_torrent("idle.iso")
    seen = [make_observation(fast, up_bytes_per_s=700), make_observation(idle)]
    holdings = {user: make_holding(user, fast) for user in (owner, stranger)}
    make_holding(owner, idle)
    assert totals.here([owner.pk, admin.pk], seen) == {
        owner.pk: (Speeds(0, 700), str(holdings[owner].pk)),
        admin.pk: (Speeds(), ""),
    }
