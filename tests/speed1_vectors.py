"""Make tests/contracts/vectors/speed1.json: `python -m tests.speed1_vectors`. Nothing here is of the code it tests.

All bytes are put together by hand, all signatures by school arithmetic; the clearing comes from fractions.
"""

import json
import struct
from collections.abc import Mapping
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

from tests.speed1_frames import frames
from tests.speed1_rounds import accruals, rounds
from tests.speed1_witness import address, high, hub_id, public_key, sign

PATH = Path(__file__).parent / "contracts" / "vectors" / "speed1.json"
KEYS = {name: sha256(b"speed/1 vector: " + name.encode()).digest() for name in ("hub", "payer", "payee", "stranger")}
KEYS["one"] = (1).to_bytes(32)
PUBLIC = {name: public_key(private) for name, private in KEYS.items()}
HUB = hub_id(KEYS["hub"])
CHANNEL, PAYER_REF, NONCE = (sha256(name).digest()[:16] for name in (b"channel", b"payer_ref", b"nonce"))
TIME_S = 1_790_000_000
Fields = dict[str, Any]


def hexed(fields: Mapping[str, Any]) -> Fields:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}


def case(fields: Fields, message: bytes, signature: bytes, *, refused: str = "") -> Fields:
    """Return one signed thing; what is refused says why."""
    digest = sha256(message).digest()
    made = hexed({**fields, "bytes": message, "sha256": digest, "sig": signature})
    return {**made, "refused": refused} if refused else made


def signature_cases(fields: Fields, message: bytes, signer: str) -> list[Fields]:
    """Return a good one, and all ways in which its signature alone is refused."""
    good = sign(KEYS[signer], message)
    return [
        case(fields, message, good),
        case(fields, message, high(good), refused="s is the high one"),
        case(fields, message, good[:64] + bytes([good[64] + 27]), refused="v counts from 27"),
        case(fields, message, good[:64] + bytes([good[64] ^ 1]), refused="v is the other one"),
        case(fields, message, good[:64], refused="v is missing"),
        case(fields, message, good + b"\0", refused="a byte too much"),
        case(fields, message, bytes(65), refused="r and s are zero"),
        case(fields, message, sign(KEYS["stranger"], message), refused="another key signed"),
    ]


def keys() -> list[Fields]:
    return [
        hexed({
            "name": name, "private": private, "public": PUBLIC[name], "hub_id": hub_id(private),
            "address": address(private),
        })
        for name, private in KEYS.items()
    ]  # fmt: skip


def hellos() -> tuple[Fields, Fields]:
    caller = {"v": 1, "key": PUBLIC["payer"], "nonce": sha256(b"caller").digest()[:16], "hubs": [HUB.hex()]}
    callee = {"v": 1, "key": PUBLIC["payee"], "nonce": sha256(b"callee").digest()[:16], "hubs": [HUB.hex()]}
    return hexed({**caller, "ports": [6_881]}), hexed({**callee, "ports": [6_881, 6_882]})


def auths() -> list[Fields]:
    """Both roles, and an auth of the caller's sent back to it."""
    caller, callee = hellos()
    made = []
    for role, sender, receiver, signer in ((0, caller, callee, "payer"), (1, callee, caller, "payee")):
        message = b"btt-speed/1 auth\0" + bytes([role])
        message += b"".join(bytes.fromhex(part[name]) for name in ("nonce", "key") for part in (receiver, sender))
        made += signature_cases({"sender_role": role, "sender": sender, "receiver": receiver}, message, signer)
    return made


def torrents() -> list[Fields]:
    v1, v2 = sha1(b"v1").digest(), sha256(b"v2").digest()
    nonce = bytes.fromhex(hellos()[1]["nonce"])
    section = (
        b"d6:lengthi7e4:name7:example12:piece lengthi16384e6:pieces20:" + sha1(b"piece").digest() + b"7:privatei1ee"
    )
    made = []
    for first, second in ((v1, None), (v1, v2), (None, v2)):
        known = (first or second or b"")[:20]
        made.append(
            {
                "v1": first and first.hex(),
                "v2": second and second.hex(),
                "callee_nonce": nonce.hex(),
                "name": sha256(b"btt-speed/1 torrent\0" + nonce + known).digest()[:20].hex(),
                "dht_target": sha1(b"btt-speed/1" + known).hexdigest(),
            }
        )
    key = sha256(b"btt-speed/1 private\0" + section).hexdigest()
    return [*made, {"info_section": section.hex(), "directory_key": key}]


def voucher_bytes(fields: Fields) -> bytes:
    head = b"btt-speed/1 voucher\0" + fields["hub_id"] + fields["channel"] + fields["payee_key"]
    return bytes(head + struct.pack(">Q", fields["cumulative_ubtt"]))


def vouchers() -> list[Fields]:
    fields = {"hub_id": HUB, "channel": CHANNEL, "payee_key": PUBLIC["payee"], "cumulative_ubtt": 1_500_000}
    message = voucher_bytes(fields)
    good = sign(KEYS["payer"], message)
    made = signature_cases(fields, message, "payer")
    for cumulative_ubtt in (0, 2**63 - 1):
        other = {**fields, "cumulative_ubtt": cumulative_ubtt}
        made.append(case(other, voucher_bytes(other), sign(KEYS["payer"], voucher_bytes(other))))
    changes: dict[str, Fields] = {
        "another amount": {"cumulative_ubtt": 1_500_001},
        "another hub": {"hub_id": hub_id(KEYS["stranger"])},
        "another channel": {"channel": NONCE},
        "another payee": {"payee_key": PUBLIC["stranger"]},
    }
    for why, change in changes.items():
        made.append(case({**fields, **change}, voucher_bytes({**fields, **change}), good, refused=why))
    return [{**one, "payer_key": PUBLIC["payer"].hex()} for one in made]


def receipt_bytes(fields: Fields) -> bytes:
    head = b"btt-speed/1 receipt\0" + fields["hub_id"] + struct.pack(">II", fields["network"], fields["asset"])
    ids = fields["channel"] + fields["payer_ref"] + fields["payer_key"] + fields["payee_key"]
    return bytes(head + ids + struct.pack(">QQQ", fields["amount_ubtt"], fields["opened_at"], fields["expires_at"]))


def receipts() -> list[Fields]:
    fields = {
        "hub_id": HUB, "network": 2, "asset": 2, "channel": CHANNEL, "payer_ref": PAYER_REF,
        "payer_key": PUBLIC["payer"], "payee_key": PUBLIC["payee"], "amount_ubtt": 64_000_000,
        "opened_at": TIME_S, "expires_at": TIME_S + 3_600,
    }  # fmt: skip
    message = receipt_bytes(fields)
    good = sign(KEYS["hub"], message)
    made = signature_cases(fields, message, "hub")
    for change in ({"network": 1, "asset": 1}, {"network": 3}):
        other = {**fields, **change}
        made.append(case(other, receipt_bytes(other), sign(KEYS["hub"], receipt_bytes(other))))
    odd: dict[str, tuple[Fields, str]] = {
        "there is no network 4": ({"network": 4}, "hub"),
        "there is no market in asset 3": ({"asset": 3}, "hub"),
        "an amount of 2^63": ({"amount_ubtt": 2**63}, "hub"),
        "another hub, which signed it": ({"hub_id": hub_id(KEYS["stranger"])}, "stranger"),
    }
    for why, (change, signer) in odd.items():
        other = {**fields, **change}
        made.append(case(other, receipt_bytes(other), sign(KEYS[signer], receipt_bytes(other)), refused=why))
    made.append(case(fields, message[:-1], sign(KEYS["hub"], message[:-1]), refused="a byte is missing"))
    larger = receipt_bytes({**fields, "amount_ubtt": 64_000_001})
    made.append(case({**fields, "amount_ubtt": 64_000_001}, larger, good, refused="another amount"))
    voucher = b"btt-speed/1 voucher\0" + message[20:]
    made.append(case(fields, voucher, sign(KEYS["hub"], voucher), refused="another tag"))
    return [{**one, "hub_key": PUBLIC["hub"].hex()} for one in made]


def request_bytes(fields: Fields) -> bytes:
    texts = b"".join(struct.pack(">H", len(text)) + text.encode() for text in (fields["method"], fields["path"]))
    body = sha256(fields["body"].encode()).digest()
    return bytes(
        b"btt-speed/1 hub\0" + fields["hub_id"] + texts + body + struct.pack(">Q", fields["time"]) + fields["nonce"]
    )


def hub_requests() -> list[Fields]:
    fields = {
        "hub_id": HUB, "method": "GET", "path": "/hub/1/channels/" + CHANNEL.hex() + "?wait=5", "body": "",
        "time": TIME_S, "nonce": NONCE,
    }  # fmt: skip
    post = {**fields, "method": "POST", "path": "/hub/1/vouchers", "body": '{"key":"7","vouchers":[]}'}
    made = signature_cases(fields, request_bytes(fields), "payer")
    made.append(case(post, request_bytes(post), sign(KEYS["payer"], request_bytes(post))))
    good = sign(KEYS["payer"], request_bytes(post))
    changes: dict[str, Fields] = {
        "another body": {"body": '{"key":"8","vouchers":[]}'},
        "another path": {"path": "/hub/1/vouchers?"},
        "another method": {"method": "PUT"},
        "another time": {"time": TIME_S + 1},
        "another nonce": {"nonce": CHANNEL},
        "another hub": {"hub_id": hub_id(KEYS["stranger"])},
    }
    for why, change in changes.items():
        made.append(case({**post, **change}, request_bytes({**post, **change}), good, refused=why))
    return [{**one, "speed_key": PUBLIC["payer"].hex()} for one in made]


def hub_infos() -> list[Fields]:
    fields = {"hub_id": HUB, "nonce": NONCE, "network": 2, "asset": 2, "fee_ppm": 10_000, "time": TIME_S}
    message = b"btt-speed/1 info\0" + HUB + NONCE + struct.pack(">IIIQ", 2, 2, 10_000, TIME_S)
    return [{**one, "hub_key": PUBLIC["hub"].hex()} for one in signature_cases(fields, message, "hub")]


def make() -> Fields:
    caller, callee = hellos()
    return {
        "about": "Vectors of Speed/1, see docs/speed-protocol.md. What has `refused` must be refused, for that reason.",
        "keys": keys(),
        "hello": [{"t": "hello", **caller}, {"t": "hello", **callee}],
        "auth": auths(),
        "torrents": torrents(),
        "vouchers": vouchers(),
        "receipts": receipts(),
        "hub_requests": hub_requests(),
        "hub_info": hub_infos(),
        "accrual": accruals(),
        "rounds": rounds(),
        "frames": frames(caller),
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(make(), indent=1) + "\n")
