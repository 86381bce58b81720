from wallet.models.account import Account
from wallet.models.answer import Answer
from wallet.models.audit_run import AuditRun
from wallet.models.channel import Channel, ChannelEnd
from wallet.models.hold import EndedHold, Hold
from wallet.models.liability import LiabilityLeaf, LiabilitySnapshot
from wallet.models.operator_act import ActKind, OperatorAct
from wallet.models.seal import Seal
from wallet.models.transfer import Transfer

__all__ = [
    "Account",
    "ActKind",
    "Answer",
    "AuditRun",
    "Channel",
    "ChannelEnd",
    "EndedHold",
    "Hold",
    "LiabilityLeaf",
    "LiabilitySnapshot",
    "OperatorAct",
    "Seal",
    "Transfer",
]
