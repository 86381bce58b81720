"""Which asset a page is about: the market's, or the other one of a user who has it or had it."""

from dataclasses import dataclass

from django.http import HttpRequest

from wallet.domain.money import Asset
from wallet.services import statements
from wallet.services.install import market_asset, other_asset


@dataclass(frozen=True)
class Choice:
    """The asset of a page, with the links to the same page of each asset: none while there is only one."""

    asset: Asset
    links: list[tuple[str, str, bool]]  # unit, query, whether it is this one

    @property
    def name(self) -> str:
        """Return what stands in an address or a form for it: nothing for the market's."""
        return name_of(self.asset)

    @property
    def query(self) -> str:
        return query_of(self.asset)


def choice_of(request: HttpRequest, own_id: int) -> Choice:
    """Read the choice from the form or the address; what a user never had is not there to choose."""
    if not statements.has_had(own_id, other_asset()):
        return Choice(market_asset(), [])
    asked = request.POST.get("asset", "") or request.GET.get("asset", "")
    asset = other_asset() if asked == name_of(other_asset()) else market_asset()
    return Choice(asset, [(one.unit, query_of(one), one is asset) for one in (market_asset(), other_asset())])


def name_of(asset: Asset) -> str:
    return "" if asset is market_asset() else asset.unit.lower()


def query_of(asset: Asset) -> str:
    name = name_of(asset)
    return f"?asset={name}" if name else ""
