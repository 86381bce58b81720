from django.conf import settings
from django.urls import URLResolver, include, path


def addresses(wallet_network: str) -> list[URLResolver]:
    """Return the box's addresses; one without a wallet has no pages of money."""
    money = [
        path("wallet/", include("wallet.web.urls")),
        path("", include("wallet.web.tip_urls")),
        path("", include("wallet.web.deposit_urls")),
        path("", include("wallet.web.withdrawal_urls")),
        path("", include("wallet.web.operator_urls")),
        path("hub/1/", include("wallet.web.hub_urls")),
        path("market/", include("speed.web.urls")),
    ]
    play = [path("demo/", include("seedbox.config.demo.urls"))]
    return [
        path("", include("seedbox.web.urls")),
        *(money if wallet_network != "off" else []),
        *(play if wallet_network == "devnet" else []),
    ]


urlpatterns = addresses(settings.WALLET_NETWORK)
handler400 = "seedbox.web.errors.bad_request"
handler403 = "seedbox.web.errors.forbidden"
handler404 = "seedbox.web.errors.not_found"
handler500 = "seedbox.web.errors.failed"
handler429 = "seedbox.web.errors.too_many_attempts"  # allauth looks for it here
