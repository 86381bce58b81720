"""What a development chain should hold: its blocks run again, from nothing."""

import itertools

from wallet.devnet import genesis
from wallet.devnet.accounts import BURNED_SUN, Account, Value, amount_of
from wallet.devnet.execution import Candidate, Rules, execute
from wallet.devnet.genesis import genesis_values
from wallet.devnet.parameters import Parameters
from wallet.devnet.state import State
from wallet.devnet.views import MAX_BLOCKS, View
from wallet.devnet.written import header_of
from wallet.domain.tron.blocks import block_id, encode_header, tx_trie_root
from wallet.domain.tron.keys import recover, sha256
from wallet.domain.tron.messages import ContractRet
from wallet.domain.tron.transactions import Result, bandwidth_bytes, encode_transaction

RULES = Rules(Parameters(), genesis.ASSETS, genesis.CONTRACTS, genesis.GENESIS_MS)


def replayed(view: View) -> State:
    """Check how all blocks of a view hang together, and run what is in them."""
    state = State(genesis_values())
    end = view.tip().number + 1
    blocks = [
        block for first in range(0, end, MAX_BLOCKS) for block in view.blocks(first, min(first + MAX_BLOCKS, end))
    ]
    for parent, block in itertools.pairwise(blocks):
        header = header_of(block)
        assert (block.number, block.parent_id) == (parent.number + 1, parent.id)
        assert block.timestamp_ms > parent.timestamp_ms
        assert block.id == block_id(header)
        assert recover(sha256(encode_header(header)), block.witness_signature) == block.witness
        contents = []
        for each in block.transactions:
            candidate = Candidate(each.tx_id, each.signed, each.raw, bandwidth_bytes(each.signed), received_ms=0)
            outcome = execute(state, RULES, candidate, parent.ref)
            assert outcome.info(each.tx_id, block.ref) == view.info(each.tx_id)
            contents.append(encode_transaction(each.signed, Result(ContractRet[each.contract_ret])))
        assert block.tx_trie_root == tx_trie_root(contents)
        state.seal(block.number)
    return state


def check_supply(values: dict[bytes, Value]) -> None:
    """Check that nothing was made and nothing got lost."""
    accounts = [value for value in values.values() if isinstance(value, Account)]
    assert sum(account.balance_sun for account in accounts) + amount_of(values, BURNED_SUN) == genesis.TRX_SUPPLY_SUN
    amounts = {key: value for key, value in values.items() if isinstance(value, int)}
    for asset_id in genesis.ASSETS:
        held = [amount for key, amount in amounts.items() if key[:1] == b"t" and key[-8:] == asset_id.to_bytes(8)]
        assert sum(held) == genesis.TRC10_SUPPLY
    for token in genesis.CONTRACTS:
        held = [amount for key, amount in amounts.items() if key.startswith(b"k" + token)]
        assert sum(held) == genesis.TRC20_SUPPLY
    assert min(amounts.values()) >= 0
