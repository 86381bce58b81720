from wallet.models.account import Account
from wallet.models.address_book import AddressBookEntry
from wallet.models.answer import Answer
from wallet.models.audit_run import AuditRun
from wallet.models.chain_cursor import ChainCursor
from wallet.models.chain_movement import ChainMovement, MovementKind, MovementSide
from wallet.models.channel import Channel, ChannelEnd
from wallet.models.deposit import Deposit, PendingDeposit
from wallet.models.halt import Halt, HaltReason
from wallet.models.hold import EndedHold, Hold
from wallet.models.hub import HubCall, HubKey, HubNonce, HubOffer, HubRules, ReceiptVersion
from wallet.models.liability import LiabilityLeaf, LiabilitySnapshot
from wallet.models.operator_act import ActKind, OperatorAct
from wallet.models.own_address import DepositAddress, DepositKey, InstallAddress, InstallRole, RetiredAddress
from wallet.models.own_transaction import OwnTransaction
from wallet.models.reconciliation import Reconciliation
from wallet.models.rollup import KindRollup, RollupCursor
from wallet.models.seal import Seal
from wallet.models.speed_key import PairingCode, SpeedKey
from wallet.models.sweep import Sweep, SweepPurpose, SweepState
from wallet.models.transfer import Transfer
from wallet.models.withdrawal import Attempt, AttemptEvent, Withdrawal
from wallet.models.withdrawal_rules import WithdrawalDesk, WithdrawalRules

__all__ = [
    "Account",
    "ActKind",
    "AddressBookEntry",
    "Answer",
    "Attempt",
    "AttemptEvent",
    "AuditRun",
    "ChainCursor",
    "ChainMovement",
    "Channel",
    "ChannelEnd",
    "Deposit",
    "DepositAddress",
    "DepositKey",
    "EndedHold",
    "Halt",
    "HaltReason",
    "Hold",
    "HubCall",
    "HubKey",
    "HubNonce",
    "HubOffer",
    "HubRules",
    "InstallAddress",
    "InstallRole",
    "KindRollup",
    "LiabilityLeaf",
    "LiabilitySnapshot",
    "MovementKind",
    "MovementSide",
    "OperatorAct",
    "OwnTransaction",
    "PairingCode",
    "PendingDeposit",
    "ReceiptVersion",
    "Reconciliation",
    "RetiredAddress",
    "RollupCursor",
    "Seal",
    "SpeedKey",
    "Sweep",
    "SweepPurpose",
    "SweepState",
    "Transfer",
    "Withdrawal",
    "WithdrawalDesk",
    "WithdrawalRules",
]
