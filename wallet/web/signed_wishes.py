"""A wish that its page has shown, sealed until its user confirms it: what is carried out is exactly what was seen."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core import signing
from django.http import HttpRequest

from wallet.web.doors import user_id

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

FIELD = "wish"  # of the form that confirms it

Wish = TypeVar("Wish", bound="DataclassInstance")


@dataclass(frozen=True)
class Sealed(Generic[Wish]):
    """How wishes of one kind are sealed: none is taken for another one, nor after its time."""

    kind: type[Wish]
    salt: str
    asker: str  # the field that says who wishes it
    within_s: int  # prices, rules and balances may be others then

    def seal(self, wish: Wish) -> str:
        return signing.dumps(asdict(wish), salt=self.salt)

    def read(self, request: HttpRequest) -> Wish | None:
        """Return the wish that a form confirms, if it is whole, in time, and of who sends it."""
        try:
            fields: dict[str, Any] = signing.loads(request.POST.get(FIELD, ""), salt=self.salt, max_age=self.within_s)
        except signing.BadSignature:
            return None
        return self.kind(**fields) if fields[self.asker] == user_id(request) else None
