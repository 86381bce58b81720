from django.conf import settings
from django.urls import URLResolver, include, path


def addresses(wallet_network: str) -> list[URLResolver]:
    """Return the box's addresses; one without a wallet has no pages of money."""
    money = [] if wallet_network == "off" else [path("wallet/", include("wallet.web.urls"))]
    return [path("", include("seedbox.web.urls")), *money]


urlpatterns = addresses(settings.WALLET_NETWORK)
handler400 = "seedbox.web.errors.bad_request"
handler403 = "seedbox.web.errors.forbidden"
handler404 = "seedbox.web.errors.not_found"
handler500 = "seedbox.web.errors.failed"
handler429 = "seedbox.web.errors.too_many_attempts"  # allauth looks for it here
