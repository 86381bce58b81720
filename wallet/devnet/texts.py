"""Blocks and receipts as JSON that is written once: whoever follows the chain asks for the newest ones again and again.

Only of what a port that does not lie says, and with addresses in hex, as scanners ask.
"""

import json
import threading
from dataclasses import dataclass

from wallet.devnet.answers import Block, BlockTransaction, Info, Log
from wallet.devnet.http import Written
from wallet.devnet.recent_blocks import RecentBlocks
from wallet.devnet.shapes import block_json, info_json, log_json, transaction_json
from wallet.devnet.views import View
from wallet.domain.tron.messages import TYPE_URL
from wallet.domain.tron.transactions import contract_values

MAX_BYTES = 24 * 1024 * 1024  # of blocks, and as much of receipts: of a hundred full ones
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


@dataclass(frozen=True, slots=True)
class _Text:
    block_id: bytes
    written: bytes


class Texts:
    """Of one port. Safe for threads."""

    def __init__(self) -> None:
        self._blocks = RecentBlocks[_Text](MAX_BYTES)
        self._infos = RecentBlocks[_Text](MAX_BYTES)
        self._lock = threading.Lock()

    def blocks(self, view: View, first: int, end: int) -> Written:
        """Return what a list of blocks is, up to, not including, `end`."""
        found: list[bytes] = []
        for number, block_id in view.ids(first, end):
            text = self._kept(self._blocks, number, block_id)
            if text is None:
                block = view.block_by_id(block_id)
                if block is None:
                    break  # a reorg has taken it since: the list ends before it
                text = _block_text(block).encode()
                self._keep(self._blocks, number, _Text(block.id, text))
            found.append(text)
        return Written(b'{"block":[' + b",".join(found) + b"]}" if found else b"{}")

    def infos(self, view: View, number: int) -> Written:
        """Return what the receipts of a block are."""
        for _, block_id in view.ids(number, number + 1):
            if (text := self._kept(self._infos, number, block_id)) is not None:
                return Written(text)
        infos = view.infos(number)
        text = f"[{','.join(map(info_text, infos))}]".encode()
        if infos:
            self._keep(self._infos, number, _Text(infos[0].block.id, text))
        return Written(text)

    def _kept(self, texts: RecentBlocks[_Text], number: int, block_id: bytes) -> bytes | None:
        with self._lock:
            kept = texts.get(number)
        return kept.written if kept is not None and kept.block_id == block_id else None

    def _keep(self, texts: RecentBlocks[_Text], number: int, text: _Text) -> None:
        with self._lock:
            texts.add(number, text, len(text.written))


def transaction_text(found: BlockTransaction) -> str:
    """Return what `shapes.transaction_json` is as JSON, written at once: a full block has hundreds of them."""
    raw = found.raw
    known = contract_values(raw.contract)
    if known is None or not found.signed.signatures or raw.permission_id or raw.memo:
        return _ENCODER.encode(transaction_json(found, visible=False))  # what is rare
    kind, values = known
    shown = ",".join(
        f'"{name}":{value}' if isinstance(value, int) else f'"{name}":"{value.hex()}"'
        for name, value in values.items()
        if value
    )
    ret = f'"ret":[{{"contractRet":"{found.contract_ret}"}}],' if found.contract_ret else ""
    signatures = '","'.join([signature.hex() for signature in found.signed.signatures])
    fee_limit = f',"fee_limit":{raw.fee_limit_sun}' if raw.fee_limit_sun else ""
    return (
        f'{{{ret}"signature":["{signatures}"],"txID":"{found.tx_id.hex()}","raw_data":{{"contract":'
        f'[{{"parameter":{{"value":{{{shown}}},"type_url":"{TYPE_URL}{kind.name}"}},"type":"{kind.name}"}}],'
        f'"ref_block_bytes":"{raw.ref_block_bytes.hex()}","ref_block_hash":"{raw.ref_block_hash.hex()}",'
        f'"expiration":{raw.expiration_ms},"timestamp":{raw.timestamp_ms}{fee_limit}}},'
        f'"raw_data_hex":"{found.signed.raw_bytes.hex()}"}}'
    )


def info_text(info: Info) -> str:
    """Return what `shapes.info_json` is as JSON, written at once."""
    if info.is_failed or info.message:
        return _ENCODER.encode(info_json(info, visible=False))  # what is rare
    fee = f'"fee":{info.fee_sun},' if info.fee_sun else ""
    contract = f',"contract_address":"{info.contract.hex()}"' if info.contract else ""
    logs = f',"log":[{",".join(map(_log_text, info.logs))}]' if info.logs else ""
    amounts = (
        ("net_usage", info.net_usage_bytes),
        ("net_fee", info.net_fee_sun),
        ("energy_usage_total", info.energy_usage),
        ("energy_fee", info.energy_fee_sun),
    )
    receipt = [f'"{name}":{amount}' for name, amount in amounts if amount]
    if info.result:
        receipt.append(f'"result":"{info.result}"')
    return (
        f'{{"id":"{info.tx_id.hex()}",{fee}"blockNumber":{info.block.number},"blockTimeStamp":{info.block.timestamp_ms},'
        f'"contractResult":["{info.returned.hex()}"]{contract}{logs},"receipt":{{{",".join(receipt)}}}}}'
    )


def _log_text(log: Log) -> str:
    if not log.topics or not log.data:
        return _ENCODER.encode(log_json(log, visible=False))
    topics = '","'.join([topic.hex() for topic in log.topics])
    return f'{{"address":"{log.contract[1:].hex()}","topics":["{topics}"],"data":"{log.data.hex()}"}}'


def _block_text(block: Block) -> str:
    form = _ENCODER.encode(block_json(block, visible=False, with_transactions=False))
    if not block.transactions:
        return form
    return f'{form[:-1]},"transactions":[{",".join(map(transaction_text, block.transactions))}]}}'
