from django.urls import URLPattern, path

from speed.web import auto, auto_torrent, earning, hubs, market, node, panel, rounds, spending

urlpatterns: list[URLPattern] = [
    path("", market.market, name="market"),
    path("earning/", earning.market_earning, name="market_earning"),
    path("selling/<int:deal_pk>/", market.market_selling, name="market_selling"),
    path("buying/<int:deal_pk>/", market.market_buying, name="market_buying"),
    path("nodes/<str:name>/", node.market_node, name="market_node"),
    path("nodes/<str:name>/rounds/", rounds.market_rounds, name="market_rounds"),
    path("nodes/<str:name>/rounds/<int:number>/", rounds.market_round, name="market_round"),
    path("torrents/<int:holding_id>/bid/", panel.market_bid, name="market_bid"),
    path("torrents/<int:holding_id>/withdraw/", panel.market_withdraw, name="market_withdraw"),
    path("torrents/<int:holding_id>/sale/", panel.market_offer, name="market_offer"),
    path("bids/<int:bid_pk>/withdraw/", market.market_bid_end, name="market_bid_end"),
    path("sellers/<str:peer_key>/forgive/", market.market_forgive, name="market_forgive"),
    path("auto/", auto.market_auto, name="market_auto"),
    path("auto/off/", auto.market_auto_off, name="market_auto_off"),
    path("auto/stop/", auto.market_auto_stop, name="market_auto_stop"),
    path("torrents/<int:holding_id>/auto/", auto_torrent.market_auto_torrent, name="market_auto_torrent"),
    path("spending/", spending.market_spending, name="market_spending"),
    path("spending/code/", spending.market_code, name="market_code"),
    path("spending/keys/<str:key>/revoke/", spending.market_revoke, name="market_revoke"),
    path("spending/pair/", spending.market_pair, name="market_pair"),
    path("spending/pair/<int:pairing_pk>/end/", spending.market_unpair, name="market_unpair"),
    path("hubs/", hubs.market_hubs, name="market_hubs"),
    path("hubs/fee/", hubs.market_fee, name="market_fee"),
    path("hubs/<int:hub_pk>/", hubs.market_hub, name="market_hub"),
    path("hubs/<int:hub_pk>/move/", hubs.market_hub_move, name="market_hub_move"),
    path("hubs/<int:hub_pk>/remove/", hubs.market_hub_remove, name="market_hub_remove"),
]
