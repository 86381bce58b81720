"""Frames of Speed/1's vectors: some that are read, and one for each reason not to."""

import json
from typing import Any

Fields = dict[str, Any]


def frames(hello: Fields) -> list[Fields]:
    deal, leaf = "d1" * 16, "1e" * 32
    good: list[Fields] = [
        {"t": "hello", **hello},
        {"t": "ask", "torrents": ["07" * 20, "08" * 20]},
        {"t": "grant", "bids_hash": "b1" * 32, "grants": [
            {"deal": deal, "round": 179_000_000, "speed_bytes_per_s": 4_194_304, "price_ubtt_per_gib": 60_000_000,
             "salt": "5a" * 16, "until": 1_790_000_010}]},
        {"t": "refuse", "deal": deal, "round": 7, "price_ubtt_per_gib": 0, "reason": "busy"},
        {"t": "voucher", "vouchers": [], "acks": [{"deal": deal, "round": 7, "received_bytes": 2**63 - 1}]},
        {"t": "audit", "round": 7, "after": leaf},
        {"t": "withdraw", "deal": deal, "a_later_field": [None, 1.5, {"x": True}]},
    ]  # fmt: skip
    bad: list[tuple[str, str]] = [
        ("not JSON", "{"),
        ("not an object", "[]"),
        ("no type", "{}"),
        ("a name twice", '{"t":"ask","torrents":[],"torrents":[]}'),
        ("a field is missing", '{"t":"withdraw"}'),
        ("true is no number", '{"t":"audit","round":true}'),
        ("1.0 is no whole number", '{"t":"audit","round":1.0}'),
        ("below zero", '{"t":"audit","round":-1}'),
        ("above 2^63 - 1", '{"t":"audit","round":9223372036854775808}'),
        ("a number as text", '{"t":"audit","round":"7"}'),
        ("upper-case hex", '{"t":"withdraw","deal":"' + "D1" * 16 + '"}'),
        ("too short", '{"t":"withdraw","deal":"' + "d1" * 15 + '"}'),
        ("65 torrents", json.dumps({"t": "ask", "torrents": ["07" * 20] * 65})),
        ("an unknown reason", '{"t":"refuse","deal":"' + deal + '","round":7,"price_ubtt_per_gib":0,"reason":"mood"}'),
        ("NaN", '{"t":"audit","round":7,"x":NaN}'),
        ("larger than 16 KiB", '{"t":"bye","reason":"","x":"' + "x" * 16_384 + '"}'),
        ("nested too much", '{"t":"bye","reason":"","x":' + "[" * 512 + "]" * 512 + "}"),
    ]
    return [{"text": json.dumps(frame, separators=(",", ":"))} for frame in good] + [
        {"text": text, "refused": why} for why, text in bad
    ]
