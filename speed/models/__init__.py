from speed.models.agent import Agent
from speed.models.deal import Deal, SellingDeal
from speed.models.hub import Hub
from speed.models.market import Market
from speed.models.offer import ForSale, Offer
from speed.models.round import Round

__all__ = ["Agent", "Deal", "ForSale", "Hub", "Market", "Offer", "Round", "SellingDeal"]
