from django.urls import URLPattern, path

from wallet.web import tips

urlpatterns: list[URLPattern] = [
    path("wallet/send/", tips.tip, name="tip"),
    path("wallet/send/confirmed/", tips.tip_send, name="tip_send"),
]
