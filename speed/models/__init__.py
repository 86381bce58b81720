from speed.models.agent import Agent
from speed.models.autobid import AutoBaseline, AutoBidding, AutoDecision, AutoRun, AutoSample, AutoTorrent
from speed.models.avoided_seller import AvoidedSeller, Cause
from speed.models.bid import Bid, Budget, Pairing, Payment, Reservation
from speed.models.buying_deal import BuyingDeal
from speed.models.deal import Deal, SellingDeal
from speed.models.hub import Hub
from speed.models.market import Market
from speed.models.offer import ForSale, Offer
from speed.models.quote import Curiosity, Quote
from speed.models.rollup import NodeRollup, TorrentRollup, TradedTorrent
from speed.models.round import Round
from speed.models.seen_round import SeenRound, Verdict

__all__ = [
    "Agent",
    "AutoBaseline",
    "AutoBidding",
    "AutoDecision",
    "AutoRun",
    "AutoSample",
    "AutoTorrent",
    "AvoidedSeller",
    "Bid",
    "Budget",
    "BuyingDeal",
    "Cause",
    "Curiosity",
    "Deal",
    "ForSale",
    "Hub",
    "Market",
    "NodeRollup",
    "Offer",
    "Pairing",
    "Payment",
    "Quote",
    "Reservation",
    "Round",
    "SeenRound",
    "SellingDeal",
    "TorrentRollup",
    "TradedTorrent",
    "Verdict",
]
