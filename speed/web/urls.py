from django.urls import URLPattern, path

from speed.web import market, node, rounds

urlpatterns: list[URLPattern] = [
    path("", market.market, name="market"),
    path("selling/<int:deal_pk>/", market.market_selling, name="market_selling"),
    path("buying/<int:deal_pk>/", market.market_buying, name="market_buying"),
    path("nodes/<str:name>/", node.market_node, name="market_node"),
    path("nodes/<str:name>/rounds/", rounds.market_rounds, name="market_rounds"),
    path("nodes/<str:name>/rounds/<int:number>/", rounds.market_round, name="market_round"),
]
