"""How each user writes numbers: as the browser's language lets us suppose at first, then as the user chooses."""

from collections.abc import Collection

from seedbox.domain.numerals import Numerals, called
from seedbox.models import User
from seedbox.services.batches import batched

IDS_AT_ONCE = 10_000  # SQLite takes 32,766 values in one question


def of_users(user_ids: Collection[int]) -> dict[int, Numerals]:
    """Return how each of these users writes numbers."""
    found: dict[int, Numerals] = {}
    for some in batched(user_ids, IDS_AT_ONCE):
        found |= {pk: called(name) for pk, name in User.objects.filter(pk__in=some).values_list("pk", "numerals")}
    return found


def choose(numerals: Numerals, *, user_id: int) -> None:
    User.objects.filter(pk=user_id).update(numerals=numerals.name)


def suppose(numerals: Numerals, *, user_id: int) -> None:
    """Keep what a browser's language lets us suppose, until the user chooses."""
    User.objects.filter(pk=user_id, numerals="").update(numerals=numerals.name)
