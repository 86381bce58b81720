"""What java-tron can do and this chain cannot: contracts of these types are known, and refused with a sentence."""

STAKING = "nobody stakes or votes here; who needs bandwidth or energy burns TRX for it"
TOKENS = "its tokens are fixed"
CODE = "this development chain runs no code of others: use its own TRC-20 contracts, or a chain with a virtual machine"
NAMES = "accounts have no names of their own here"
MARKET = "nothing is exchanged, proposed or decided here"

# By the name of the builder: the type of its contract, and why there is none.
KINDS = {
    "deploycontract": ("CreateSmartContract", CODE),
    "updatesetting": ("UpdateSettingContract", CODE),
    "updateenergylimit": ("UpdateEnergyLimitContract", CODE),
    "clearabi": ("ClearABIContract", CODE),
    "freezebalance": ("FreezeBalanceContract", STAKING),
    "unfreezebalance": ("UnfreezeBalanceContract", STAKING),
    "freezebalancev2": ("FreezeBalanceV2Contract", STAKING),
    "unfreezebalancev2": ("UnfreezeBalanceV2Contract", STAKING),
    "withdrawexpireunfreeze": ("WithdrawExpireUnfreezeContract", STAKING),
    "cancelallunfreezev2": ("CancelAllUnfreezeV2Contract", STAKING),
    "delegateresource": ("DelegateResourceContract", STAKING),
    "undelegateresource": ("UnDelegateResourceContract", STAKING),
    "votewitnessaccount": ("VoteWitnessContract", STAKING),
    "withdrawbalance": ("WithdrawBalanceContract", STAKING),
    "createwitness": ("WitnessCreateContract", STAKING),
    "updatewitness": ("WitnessUpdateContract", STAKING),
    "updatebrokerage": ("UpdateBrokerageContract", STAKING),
    "createassetissue": ("AssetIssueContract", TOKENS),
    "updateasset": ("UpdateAssetContract", TOKENS),
    "participateassetissue": ("ParticipateAssetIssueContract", TOKENS),
    "unfreezeasset": ("UnfreezeAssetContract", TOKENS),
    "updateaccount": ("AccountUpdateContract", NAMES),
    "setaccountid": ("SetAccountIdContract", NAMES),
    "proposalcreate": ("ProposalCreateContract", MARKET),
    "proposalapprove": ("ProposalApproveContract", MARKET),
    "proposaldelete": ("ProposalDeleteContract", MARKET),
    "exchangecreate": ("ExchangeCreateContract", MARKET),
    "exchangeinject": ("ExchangeInjectContract", MARKET),
    "exchangewithdraw": ("ExchangeWithdrawContract", MARKET),
    "exchangetransaction": ("ExchangeTransactionContract", MARKET),
    "marketsellasset": ("MarketSellAssetContract", MARKET),
    "marketcancelorder": ("MarketCancelOrderContract", MARKET),
}


def sentence(name: str, why: str) -> str:
    return why if why is CODE else f"{name} is not offered on this development chain: {why}"


BY_BUILDER = {path: sentence(*kind) for path, kind in KINDS.items()}
BY_TYPE = {name: sentence(name, why) for name, why in KINDS.values()}
