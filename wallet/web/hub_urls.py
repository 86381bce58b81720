from django.urls import URLPattern, re_path

from wallet.web import hub, hub_requests

_CHANNEL = "channels/(?P<channel_id>[0-9a-f]{32})"

urlpatterns: list[URLPattern] = [
    re_path(r"^info\Z", hub.info, name="hub_info"),
    re_path(r"^keys\Z", hub.keys, name="hub_keys"),
    re_path(r"^keys/(?P<speed_key>[0-9a-f]{66})\Z", hub.key, name="hub_key"),
    re_path(r"^account\Z", hub.account, name="hub_account"),
    re_path(r"^channels\Z", hub.channels, name="hub_channels"),
    re_path(rf"^{_CHANNEL}\Z", hub.channel, name="hub_channel"),
    re_path(rf"^{_CHANNEL}/topup\Z", hub.top_up, name="hub_top_up"),
    re_path(rf"^{_CHANNEL}/close\Z", hub.close, name="hub_close"),
    re_path(r"^vouchers\Z", hub.vouchers, name="hub_vouchers"),
    re_path(r"^statement\Z", hub.statement, name="hub_statement"),
    re_path(r"^offers\Z", hub.offers, name="hub_offers"),
    re_path(r"^(?P<rest>.*)\Z", hub_requests.nothing_here, name="hub_nothing_here"),
]
