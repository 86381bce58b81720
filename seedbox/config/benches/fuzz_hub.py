"""What a hub reads of its callers, what its callers read of a hub, and what the signer is asked by it."""

from collections.abc import Callable
from typing import Any

from seedbox.config.benches import fuzz_mutations as mutations
from seedbox.config.benches.fuzz_mutations import Target
from wallet.domain import hub_json
from wallet.domain.channels import MAX_VOUCHERS
from wallet.domain.hub import PAGE_ENTRIES, HubRefused
from wallet.domain.json_fields import BadJson, flag, octets, text, values, whole
from wallet.services import hub_calls
from wallet.signer import hub_messages
from wallet.signer.protocol import BadFrame, frame, parse
from wallet.web.hub_requests import parse_body

# By a field that only this answer has.
ANSWERS: dict[str, tuple[Callable[[object], Any], Callable[[Any], object]]] = {
    "state": (hub_json.read_channel, hub_json.channel_json),
    "outcome": (hub_json.read_redeemed, hub_json.redeemed_json),
    "daily_limit_ubtt": (hub_json.read_account, hub_json.account_json),
    "entries": (lambda given: hub_json.read_statement(given, most=PAGE_ENTRIES), hub_json.statement_json),
}


def hub_call(data: bytes) -> None:
    body = parse_body(data)
    hub_calls.check_key(text(body, "key"))
    texts = [text(body, name) for name in ("account", "pairing") if name in body]
    assert all(one.isprintable() and one.encode() for one in texts if one), "text that no database takes"
    amounts = [whole(body, name) for name in ("amount_ubtt", "expires_s", "daily_limit_ubtt") if name in body]
    assert all(0 <= amount < 2**63 for amount in amounts), "an amount that no database takes"
    if "earns" in body:
        flag(body, "earns")
    if "payee" in body:
        octets(body, "payee", exactly=33)
    if "vouchers" in body:
        for row in values(body, "vouchers", most=MAX_VOUCHERS):
            voucher = hub_json.read_voucher(row)
            assert hub_json.read_voucher(hub_json.voucher_json(voucher)) == voucher
    hub_calls.digest_of("channels", body)


def hub_answer(data: bytes) -> None:
    answer = parse_body(data)
    for name, (read, write) in ANSWERS.items():
        if name in answer:
            found = read(answer)
            assert read(write(found)) == found, "an answer that means something else the second time"


def receipt_question(data: bytes) -> None:
    request = hub_messages.read_receipt_request(parse(data))
    again = hub_messages.read_receipt_request(parse(frame(hub_messages.write_receipt_request(request))[4:]))
    assert again == request, "a question that means something else the second time"


HUB_TARGETS = (
    Target("hub_call", hub_call, mutations.mutate_json, (BadJson, HubRefused), (b"vouchers", b"sig", b"account")),
    Target("hub_answer", hub_answer, mutations.mutate_json, (BadJson,), (b"receipt", b"state", b"seal", b"proof")),
    Target("receipt_question", receipt_question, mutations.mutate_json, (BadFrame,), (b"payer", b"version", b"asset")),
)
