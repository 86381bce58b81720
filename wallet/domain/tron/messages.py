"""The schemas of TRON's messages, and the numbers of the contracts and results in them."""

from enum import IntEnum

from wallet.domain.tron.protobuf import Holds, Schema

INT, BYTES, MESSAGE = Holds.INT, Holds.BYTES, Holds.MESSAGE
TYPE_URL = "type.googleapis.com/protocol."


class ContractType(IntEnum):
    """What a transaction does. The chain knows more; those are carried along as they are."""

    AccountCreateContract = 0
    TransferContract = 1
    TransferAssetContract = 2
    TriggerSmartContract = 31


class ContractRet(IntEnum):
    """How the virtual machine ended, as a block's transactions say it."""

    DEFAULT = 0
    SUCCESS = 1
    REVERT = 2
    BAD_JUMP_DESTINATION = 3
    OUT_OF_MEMORY = 4
    PRECOMPILED_CONTRACT = 5
    STACK_TOO_SMALL = 6
    STACK_TOO_LARGE = 7
    ILLEGAL_OPERATION = 8
    STACK_OVERFLOW = 9
    OUT_OF_ENERGY = 10
    OUT_OF_TIME = 11
    JVM_STACK_OVER_FLOW = 12
    UNKNOWN = 13
    TRANSFER_FAILED = 14
    INVALID_CODE = 15


ANY = Schema((1, "type_url", BYTES), (2, "value", BYTES))
CONTRACT = Schema(
    (1, "type", INT),
    (2, "parameter", MESSAGE, ANY),
    (3, "provider", BYTES),
    (4, "ContractName", BYTES),
    (5, "Permission_id", INT),
)
RAW = Schema(
    (1, "ref_block_bytes", BYTES),
    (4, "ref_block_hash", BYTES),
    (8, "expiration", INT),
    (10, "data", BYTES),
    (11, "contract", Holds.MANY_MESSAGES, CONTRACT),
    (14, "timestamp", INT),
    (18, "fee_limit", INT),
)
RESULT = Schema((1, "fee", INT), (2, "ret", INT), (3, "contractRet", INT))
# What is signed stays as bytes, for they are what the id is made of.
TRANSACTION = Schema(
    (1, "raw_data", BYTES), (2, "signature", Holds.MANY_BYTES), (5, "ret", Holds.MANY_MESSAGES, RESULT)
)
HEADER = Schema(
    (1, "timestamp", INT),
    (2, "txTrieRoot", BYTES),
    (3, "parentHash", BYTES),
    (7, "number", INT),
    (8, "witness_id", INT),
    (9, "witness_address", BYTES),
    (10, "version", INT),
    (11, "accountStateRoot", BYTES),
)
ACCOUNT_CREATE = Schema((1, "owner_address", BYTES), (2, "account_address", BYTES), (3, "type", INT))
TRANSFER = Schema((1, "owner_address", BYTES), (2, "to_address", BYTES), (3, "amount", INT))
TRANSFER_ASSET = Schema(
    (1, "asset_name", BYTES), (2, "owner_address", BYTES), (3, "to_address", BYTES), (4, "amount", INT)
)
TRIGGER = Schema(
    (1, "owner_address", BYTES),
    (2, "contract_address", BYTES),
    (3, "call_value", INT),
    (4, "data", BYTES),
    (5, "call_token_value", INT),
    (6, "token_id", INT),
)
VALUES = {
    ContractType.AccountCreateContract: ACCOUNT_CREATE,
    ContractType.TransferContract: TRANSFER,
    ContractType.TransferAssetContract: TRANSFER_ASSET,
    ContractType.TriggerSmartContract: TRIGGER,
}
