"""What this install has chosen."""

from django.conf import settings

from wallet.domain.money import Asset


def market_asset() -> Asset:
    """Return the asset that grants, tips and deals are in."""
    return Asset[settings.WALLET_ASSET.upper()]


def other_asset() -> Asset:
    """Return the one that can be deposited and withdrawn besides it."""
    return Asset.TRC10 if market_asset() is Asset.TRC20 else Asset.TRC20
