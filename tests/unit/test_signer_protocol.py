"""The frames and messages between the signer and those who ask it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wallet.signer import messages
from wallet.signer.client import SignerAway, SignerClient
from wallet.signer.protocol import (
    FRAME_BYTES,
    BadFrame,
    DeadProof,
    SignedAttempt,
    SignRequest,
    body_length,
    frame,
    parse,
)

PROOF = DeadProof(bytes(32), b"header", ("one", "two"), 12)
REQUEST = SignRequest(
    "withdrawal",
    "withdrawal/17/2",
    b"raw",
    b"\x01" * 32,
    b"solid",
    dead_proof=PROOF,
    earlier_proofs=(PROOF,),
    newest_signed=("sweep/3/1", b"\x02" * 32),
)


class TestARequest:
    @pytest.mark.parametrize("request_", [REQUEST, replace(REQUEST, dead_proof=None, newest_signed=None, from_index=4)])
    def test_arrives_as_it_was_sent(self, request_: SignRequest) -> None:
        sent = frame(messages.write_request(request_))
        assert body_length(sent[:4]) == len(sent) - 4
        assert messages.read_request(parse(sent[4:])) == request_

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("purpose", "theft"),
            ("purpose", None),
            ("attempt_key", "withdrawal/17/0"),
            ("attempt_key", "sweep/17/1"),
            ("attempt_key", "withdrawal/17/1\n"),
            ("raw_bytes", ""),
            ("raw_bytes", "zz"),
            ("raw_bytes", "00" * 5_000),
            ("tx_id", "00" * 31),
            ("solid_header", 7),
            ("from_index", -1),
            ("from_index", 2**31),
            ("from_index", True),
            ("from_index", "1"),
            ("dead_proof", []),
            ("dead_proof", {"tx_id": "00" * 32, "header": "00", "absent_at": "one", "scanned_to": 1}),
            ("dead_proof", {"tx_id": "00" * 32, "header": "00", "absent_at": ["one", 2], "scanned_to": 1}),
            ("dead_proof", {"tx_id": "00" * 32, "header": "00", "absent_at": ["one"], "scanned_to": 1.5}),
            ("dead_proof", {"tx_id": "00" * 32, "header": "00", "absent_at": ["x" * 201], "scanned_to": 1}),
            ("earlier_proofs", {}),
            ("earlier_proofs", [None]),
            ("earlier_proofs", [{}] * 13),
            ("newest_signed", ["withdrawal/1/1"]),
            ("newest_signed", ["nothing", "00" * 32]),
        ],
    )
    def test_of_another_shape_is_refused(self, name: str, value: object) -> None:
        with pytest.raises(BadFrame):
            messages.read_request(messages.write_request(REQUEST) | {name: value})


class TestWhatWasSigned:
    @pytest.mark.parametrize("signed", [None, SignedAttempt("withdrawal/17/2", b"raw", bytes(32), bytes(65), 12)])
    def test_arrives_as_it_was_sent(self, signed: SignedAttempt | None) -> None:
        assert messages.read_signed_attempt(messages.write_signed_attempt(signed)) == signed

    @pytest.mark.parametrize("given", [{}, [], "raw", {"attempt_key": "withdrawal/17/2", "reference_number": 12}])
    def test_of_another_shape_is_refused(self, given: object) -> None:
        with pytest.raises(BadFrame):
            messages.read_signed_attempt(given)

    @pytest.mark.parametrize("given", [None, 17, "withdrawal", "withdrawal/17/1", "theft/17", "withdrawal/17\n"])
    def test_is_asked_for_by_purpose_and_id_alone(self, given: object) -> None:
        with pytest.raises(BadFrame):
            messages.read_subject(given)


class TestAFrame:
    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"text"', b"[" * 60_000])
    def test_that_is_no_object_is_refused(self, body: bytes) -> None:
        with pytest.raises(BadFrame):
            parse(body)

    def test_has_a_limit(self) -> None:
        with pytest.raises(BadFrame):
            frame({"much": "x" * FRAME_BYTES})
        with pytest.raises(BadFrame):
            body_length((FRAME_BYTES + 1).to_bytes(4, "big"))
        assert json.loads(frame({"a": 1})[4:]) == {"a": 1}


class TestASignerThatIsNotThere:
    def test_is_away(self, tmp_path: Path) -> None:
        with pytest.raises(SignerAway, match="does not answer"):
            SignerClient(tmp_path / "signer.sock").status()
