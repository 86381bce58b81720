"""Making a block: which pending transactions go into it, and what it is then."""

from wallet.devnet import genesis
from wallet.devnet.answers import BlockRef, BlockTransaction, Info
from wallet.devnet.clock import SLOT_MS
from wallet.devnet.execution import Candidate, Outcome, execute
from wallet.devnet.parts import UNDO_BLOCKS, Parts
from wallet.devnet.pending import is_over
from wallet.devnet.refusals import Refused
from wallet.devnet.written import block_of
from wallet.domain.tron.blocks import Header, block_id, header_hash, tx_trie_root
from wallet.domain.tron.keys import sign
from wallet.domain.tron.transactions import Result, encode_transaction

_MAX_TRANSACTIONS = 10_000  # of one block, whatever they weigh


def make_block(parts: Parts, timestamp_ms: int) -> BlockRef:
    """Put what is pending and valid into a block upon the head, write it, and try the rest again on top of it.

    To be called within `parts.store.writing()`.
    """
    parts.state.forget_open()
    included, waiting = _choose(parts)
    contents = [encode_transaction(candidate.signed, Result(outcome.contract_ret)) for candidate, outcome in included]
    number = parts.head.number + 1
    witness = (timestamp_ms // SLOT_MS + parts.branch) % genesis.WITNESS_COUNT
    header = Header(
        number,
        timestamp_ms,
        parts.head.id,
        tx_trie_root(contents),
        genesis.WITNESSES[witness].address,
        genesis.HEADER_VERSION,
    )
    ref = BlockRef(number, block_id(header), timestamp_ms)
    signature = sign(genesis.WITNESS_KEYS[witness], header_hash(header))
    block = block_of(
        header, ref.id, signature, tuple(_in_block(candidate, outcome, ref) for candidate, outcome in included)
    )
    infos: list[Info] = [outcome.info(candidate.tx_id, ref) for candidate, outcome in included]
    layer = parts.state.seal(number)
    parts.store.add_block(block, contents, infos, layer)
    parts.store.put_values({key: parts.state.get(key) for key in layer})
    parts.head = ref
    parts.remember(number, ref.id)
    parts.show_solid()
    needed = min(number - UNDO_BLOCKS, parts.solid_number(parts.lags))
    parts.store.forget_layers(parts.state.forget_layers_below(needed))
    push_again(parts, waiting)
    return ref


def push_again(parts: Parts, candidates: list[Candidate]) -> None:
    """Run what waits on top of the head; what cannot run any more is forgotten, as java-tron forgets it."""
    kept: list[Candidate] = []
    for candidate in candidates:
        try:
            execute(parts.state, parts.rules, candidate, parts.head)
        except Refused:
            continue
        kept.append(candidate)
    parts.pending.replace(kept)


def _choose(parts: Parts) -> tuple[list[tuple[Candidate, Outcome]], list[Candidate]]:
    """Run pending transactions on top of the head; return those that go in, and those that wait."""
    now_ms = parts.clock.now_ms()
    included: list[tuple[Candidate, Outcome]] = []
    waiting: list[Candidate] = []
    room = parts.rules.parameters.max_block_bytes
    for candidate in parts.pending.all():
        if is_over(candidate, parent_ms=parts.head.timestamp_ms, now_ms=now_ms) or not parts.knows_reference(candidate):
            continue
        is_full = candidate.byte_count > room or len(included) == _MAX_TRANSACTIONS
        if is_full or candidate.tx_id in parts.pending.dropped:
            waiting.append(candidate)
            continue
        try:
            outcome = execute(parts.state, parts.rules, candidate, parts.head)
        except Refused:
            continue
        room -= candidate.byte_count
        included.append((candidate, outcome))
    return included, waiting


def _in_block(candidate: Candidate, outcome: Outcome, ref: BlockRef) -> BlockTransaction:
    return BlockTransaction(candidate.tx_id, candidate.signed, candidate.raw, outcome.contract_ret.name, ref)
