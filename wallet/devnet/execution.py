"""Running one transaction: who pays, what it does, what its receipt says. All of it happens, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from wallet.devnet import permission_updates, resources, tokens, transfers
from wallet.devnet.accounts import Account, account_key, account_of, amount_of, asset_key
from wallet.devnet.answers import Asset, BlockRef, Code, Info, Log, TokenContract
from wallet.devnet.clock import SLOT_MS
from wallet.devnet.parameters import Parameters
from wallet.devnet.refusals import Refused, invalid_contract
from wallet.devnet.state import Reader, State
from wallet.domain.tron.addresses import Address, is_address, to_base58
from wallet.domain.tron.messages import TRANSFER_ASSET, ContractRet, ContractType
from wallet.domain.tron.protobuf import BadMessage, Holds, Schema, decode
from wallet.domain.tron.transactions import (
    AccountCreate,
    Contract,
    OtherContract,
    Raw,
    Signed,
    TransferAsset,
    TransferTrx,
    TriggerContract,
)

NOT_OFFERED = "this development chain has fixed tokens and no virtual machine: contracts of type {} are not offered."
_OWNER_FIRST = Schema((1, "owner_address", Holds.BYTES))  # so are nearly all contracts


@dataclass(frozen=True, slots=True)
class Rules:
    """What a chain has from its genesis on."""

    parameters: Parameters
    assets: Mapping[int, Asset]
    contracts: Mapping[Address, TokenContract]
    genesis_ms: int

    def slot(self, at_ms: int) -> int:
        return (at_ms - self.genesis_ms) // SLOT_MS


@dataclass(frozen=True, slots=True)
class Candidate:
    """A transaction that could go into a block."""

    tx_id: bytes
    signed: Signed
    raw: Raw
    byte_count: int  # of bandwidth
    received_ms: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a transaction did. It becomes a receipt when its block has an id."""

    contract_ret: ContractRet
    fee_sun: int
    net_usage_bytes: int
    net_fee_sun: int
    contract: Address | None = None
    energy_usage: int = 0
    energy_fee_sun: int = 0
    returned: bytes = b""
    message: str = ""
    logs: tuple[Log, ...] = ()

    def info(self, tx_id: bytes, block: BlockRef) -> Info:
        return Info(
            tx_id=tx_id,
            block=block,
            fee_sun=self.fee_sun,
            net_usage_bytes=self.net_usage_bytes,
            net_fee_sun=self.net_fee_sun,
            contract=self.contract,
            energy_usage=self.energy_usage,
            energy_fee_sun=self.energy_fee_sun,
            result="" if self.contract is None else self.contract_ret.name,
            returned=self.returned,
            message=self.message,
            logs=self.logs,
        )


def owner_of(contract: Contract) -> Address:
    if not isinstance(contract, OtherContract):
        return contract.owner
    schema = TRANSFER_ASSET if contract.type == ContractType.TransferAssetContract else _OWNER_FIRST
    try:
        return Address(decode(schema, contract.value).get("owner_address", b""))
    except BadMessage:
        return Address(b"")


def why_not(state: Reader, rules: Rules, contract: Contract) -> str | None:
    """Return why a contract is refused by itself, fees for bandwidth left aside; None if it is not."""
    match contract:
        case TransferTrx():
            return transfers.why_not_trx(state, rules.parameters, contract)
        case TransferAsset():
            return transfers.why_not_asset(state, rules.parameters, rules.assets, contract)
        case AccountCreate():
            return transfers.why_not_account(state, rules.parameters, contract)
        case TriggerContract():
            return _why_not_call(state, rules, contract)
    if contract.type == permission_updates.CONTRACT_TYPE:
        return permission_updates.why_not(state, rules.parameters, contract)
    if contract.type == ContractType.TransferAssetContract:
        # The only thing that makes it an unknown one is a name that is no id: no token has this one either.
        return transfers.why_not_asset(state, rules.parameters, rules.assets, _nameless(contract))
    return NOT_OFFERED.format(contract.type)


def _nameless(contract: OtherContract) -> TransferAsset:
    values = decode(TRANSFER_ASSET, contract.value)
    owner, to = Address(values.get("owner_address", b"")), Address(values.get("to_address", b""))
    return TransferAsset(owner, to, 0, values.get("amount", 0))


def execute(state: State, rules: Rules, candidate: Candidate, head: BlockRef) -> Outcome:
    """Run a transaction on top of a head and keep what it did. Raises Refused, with the state as it was."""
    state.attempt()
    try:
        outcome = _run(state, rules, candidate, head)
    except Refused:
        state.give_up()
        raise
    state.keep()
    return outcome


def _run(state: State, rules: Rules, candidate: Candidate, head: BlockRef) -> Outcome:
    raw, parameters, contract = candidate.raw, rules.parameters, candidate.raw.contract
    owner = owner_of(contract)
    account = account_of(state, owner)
    if account is None:
        raise invalid_contract(f"account [{to_base58(owner)}] does not exist")
    account, net = resources.pay_bandwidth(
        state,
        parameters,
        owner,
        account._replace(latest_operation_ms=head.timestamp_ms),
        candidate.byte_count,
        slot=rules.slot(head.timestamp_ms),
        is_new=_makes_account(state, contract),
    )
    extra_fee = parameters.multi_sign_fee_sun if len(candidate.signed.signatures) > 1 else 0
    extra_fee += parameters.memo_fee_sun if raw.memo else 0
    account = resources.burn(state, account, extra_fee)
    state.put(account_key(owner), account)
    if (why := why_not(state, rules, contract)) is not None:
        raise invalid_contract(why)
    fee_sun = net.fee_sun + extra_fee
    if isinstance(contract, TriggerContract):
        return _called(state, rules, raw, contract, account, net, fee_sun)
    fee_sun += _done(state, rules, contract, head.timestamp_ms)
    return Outcome(ContractRet.SUCCESS, fee_sun, net.usage_bytes, net.fee_sun)


def _done(state: State, rules: Rules, contract: Contract, now_ms: int) -> int:
    """Do what was found possible; return the fee."""
    match contract:
        case TransferTrx():
            return transfers.transfer_trx(state, rules.parameters, contract, now_ms)
        case TransferAsset():
            return transfers.transfer_asset(state, rules.parameters, contract, now_ms)
        case AccountCreate():
            return transfers.create_account(state, rules.parameters, contract, now_ms)
        case OtherContract():
            return permission_updates.update(state, rules.parameters, contract)
    raise Refused(Code.CONTRACT_EXE_ERROR, "Contract execute error : this is nothing that can be done")


def _makes_account(state: Reader, contract: Contract) -> bool:
    match contract:
        case TransferTrx(to=to) | TransferAsset(to=to) | AccountCreate(account=to):
            return account_of(state, to) is None
    return False


def _why_not_call(state: Reader, rules: Rules, contract: TriggerContract) -> str | None:
    account = account_of(state, contract.owner)
    if not is_address(contract.owner) or account is None:
        return "Invalid ownerAddress"
    if contract.contract not in rules.contracts:
        return "No contract or not a valid smart contract"
    if contract.call_value < 0:
        return "callValue must be >= 0"
    if contract.call_token_value < 0:
        return "tokenValue must be >= 0"
    if account.balance_sun < contract.call_value:
        return "Validate InternalTransfer error, balance is not sufficient."
    if contract.call_token_value:
        if contract.token_id not in rules.assets:
            return "No asset !"
        if amount_of(state, asset_key(contract.owner, contract.token_id)) < contract.call_token_value:
            return "Validate InternalTransfer error, assetBalance is not sufficient."
    return None


def _called(
    state: State, rules: Rules, raw: Raw, contract: TriggerContract, account: Account, net: resources.NetCost, fee: int
) -> Outcome:
    parameters = rules.parameters
    if not 0 <= raw.fee_limit_sun <= parameters.max_fee_limit_sun:
        raise invalid_contract(f"feeLimit must be >= 0 and <= {parameters.max_fee_limit_sun}")
    budget_sun = min(raw.fee_limit_sun, account.balance_sun - contract.call_value)
    limit = budget_sun // max(parameters.energy_fee_sun, 1)
    ran = tokens.call(
        state,
        parameters,
        rules.contracts[contract.contract],
        caller=contract.owner,
        data=contract.data,
        is_paid=bool(contract.call_value or contract.call_token_value),
    )
    ret, message = ContractRet.SUCCESS, ""
    if ran.energy > limit:
        message = (
            f"Not enough energy for 'SSTORE' operation executing: curInvokeEnergyLimit[{limit}], "
            f"curOpEnergy[{ran.energy}], usedEnergy[{limit}]"
        )
        ret, ran = ContractRet.OUT_OF_ENERGY, tokens.Ran(limit)
    elif ran.is_reverted:
        ret, message = ContractRet.REVERT, "REVERT opcode executed"
    for key, value in ran.writes:
        state.put(key, value)
    energy_fee = ran.energy * parameters.energy_fee_sun
    state.put(account_key(contract.owner), resources.burn(state, account, energy_fee))
    return Outcome(
        ret,
        fee + energy_fee,
        net.usage_bytes,
        net.fee_sun,
        contract=contract.contract,
        energy_usage=ran.energy,
        energy_fee_sun=energy_fee,
        returned=ran.returned,
        message=message,
        logs=ran.logs,
    )
