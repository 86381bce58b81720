"""How each user is written to: numbers as the browser's language lets us suppose until the user chooses, and words in
the language that the browser asked for last."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.utils import translation

from seedbox.domain.numerals import PLAIN, Numerals, called
from seedbox.models import User
from seedbox.services import numerals
from seedbox.services.batches import batched

IDS_AT_ONCE = 10_000  # SQLite takes 32,766 values in one question


@dataclass(frozen=True)
class Manner:
    """How somebody is written to; without a language in the box's own."""

    numerals: Numerals = PLAIN
    language: str = ""


def manner_of(user: User) -> Manner:
    return Manner(called(user.numerals), user.language)


def of_users(user_ids: Collection[int]) -> dict[int, Manner]:
    found: dict[int, Manner] = {}
    for some in batched(user_ids, IDS_AT_ONCE):
        rows = User.objects.filter(pk__in=some).values_list("pk", "numerals", "language")
        found |= {pk: Manner(called(name), language) for pk, name, language in rows}
    return found


@contextmanager
def written_for(manner: Manner) -> Iterator[None]:
    """Write for this reader meanwhile."""
    with numerals.written(manner.numerals):
        if _is_spoken(manner.language):
            with translation.override(manner.language):
                yield
        else:
            yield


def begin(manner: Manner) -> None:
    """Write for this reader from now on, in this task and those that it starts."""
    numerals.begin(manner.numerals)
    if _is_spoken(manner.language):
        translation.activate(manner.language)


def spoken() -> str:
    """Return the language in which is being written; "" in a box that has but one."""
    return (translation.get_language() or "") if len(settings.LANGUAGES) > 1 else ""


def choose(way: Numerals, *, user_id: int) -> None:
    User.objects.filter(pk=user_id).update(numerals=way.name)


def suppose(way: Numerals, *, user_id: int) -> None:
    """Keep what a browser's language lets us suppose, until the user chooses."""
    User.objects.filter(pk=user_id, numerals="").update(numerals=way.name)


def note_language(language: str, *, user_id: int) -> None:
    """Keep in which language a user reads pages now: live rows and notices are written where nobody asks for one."""
    User.objects.filter(pk=user_id).update(language=language)


def _is_spoken(language: str) -> bool:
    return len(settings.LANGUAGES) > 1 and language in dict(settings.LANGUAGES)
