"""What each user wants pages to look like: names in an order, kept for the user, whatever the browser."""

from collections.abc import Sequence

from seedbox.models import ScreenChoice

MAX_NAMES = 60
MAX_NAME_CHARS = 40


def chosen(*, user_id: int, screen: str) -> tuple[str, ...] | None:
    """Return the names that a user has chosen for a page, in their order; None: nothing was chosen yet."""
    value = ScreenChoice.objects.filter(user_id=user_id, screen=screen).values_list("value", flat=True).first()
    if not isinstance(value, list):
        return None
    return tuple(name for name in value if isinstance(name, str))


def choose(names: Sequence[str], *, user_id: int, screen: str) -> None:
    """Keep a choice. Raises ValueError for more than a page can have."""
    if len(names) > MAX_NAMES or any(len(name) > MAX_NAME_CHARS for name in names):
        raise ValueError("names")
    value = list(dict.fromkeys(names))
    ScreenChoice.objects.update_or_create(user_id=user_id, screen=screen, defaults={"value": value})


def forget(*, user_id: int, screen: str) -> None:
    """Go back to what everybody sees who has chosen nothing."""
    ScreenChoice.objects.filter(user_id=user_id, screen=screen).delete()
