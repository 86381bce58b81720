"""A box with something of everything in its database, and no process that runs: for looking at all of its pages."""

import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from seedbox.config.demo import boxes
from seedbox.config.demo.failure import DemoFailed
from seedbox.config.demo.story import ALL_STOPPED, BOTH_STOP, REFUSED, STOPPED_EARLY, Line
from seedbox.domain.kept import kept
from seedbox.domain.states import State
from seedbox.engine.port import Details, Peer, Tracker
from seedbox.models import Holding, LogEntry, Node, User
from seedbox.models.user import Role
from seedbox.services import counters, notices, people
from seedbox.services.notices import Tiding
from tests import auto_rows, auto_story, market_rows, payer, played_demo
from tests.builders import SOMEWHERE, make_holding, make_node, make_observation, make_torrent, make_user
from wallet.chain.port import BadAnswer
from wallet.domain import audit_words, chain_words, shape_words, signer_words, withdrawal_words
from wallet.domain.accounts import AccountKind, AccountName
from wallet.domain.money import Asset
from wallet.domain.tron.json_forms import BadShape
from wallet.domain.withdrawal_states import AttemptState
from wallet.models import (
    Account,
    Attempt,
    AttemptEvent,
    AuditRun,
    ChainCursor,
    DepositAddress,
    Sweep,
    SweepPurpose,
    Withdrawal,
    WithdrawalDesk,
)
from wallet.services import auditing, liabilities
from wallet.services.audit_findings import Finding
from wallet.services.install import market_asset

WHOLE, SLOW, BROKEN = "whole.mkv", "slow.mkv", "broken.mkv"
GIB = 1024**3
ALERT, CODE = "dht_stats", "SIGERROR"
SAID_BY_OTHERS = "Torrent is not registered"
# What people, peers and the rows above say themselves: it is in no language of the box.
OWN = {
    *(WHOLE, SLOW, BROKEN, *(f"{state}.mkv" for state in State), "unseen.mkv", "1.mkv", "2.mkv"),
    *("ada", "bea", "ben", "mia", "olga", "sam", "somebody", "Firefox", "qBittorrent", "Phone", "TS", "TX"),
    *(SAID_BY_OTHERS, ALERT, CODE, "local", "node.local", "attic", "node.attic", "wallet", "main"),
    *("Thanks for the subtitles!", "hardware wallet", "ada: the disk makes noises", "Ben's box"),
    "It sent next to nothing without pay.",
    *(sentence for _, sentence in auto_story.SAID),
}
SAYS = Details(
    "k",
    (Peer("192.0.2.1:6881", "qBittorrent", 500_000, 1, 2, 3, 4, "incoming outgoing encrypted uTP seed snubbed"),),
    tuple(
        Tracker("http://127.0.0.1/", 0, status, SAID_BY_OTHERS, 3, 60)
        for status in ("working", "updating", "not contacted", "error")
    ),
)


@dataclass(frozen=True)
class FullBox:
    """Who is there, and what the addresses of its pages are filled in with."""

    admin: User
    newcomer: User
    words: dict[str, object]


def fill(admin: User) -> FullBox:
    """Let a box have torrents in all states, money that came and went, deals, notices and a halt."""
    newcomer, ben = make_user("mia"), make_user("ben", admin=True)
    words = _torrents(admin)
    fresh = people.invite(created_by=admin, role=Role.MEMBER, origin=SOMEWHERE, now=timezone.now())
    words["invitation"] = fresh.token
    words |= _money(admin, ben)
    with redirect_stdout(StringIO()) as said:
        market_rows.fill(WHOLE, SLOW)
        auto_rows.fill(WHOLE, SLOW)
        auto_story.fill(BROKEN)
    words |= json.loads(said.getvalue().split("filled:")[1].splitlines()[0])
    _notices(admin)
    return FullBox(admin, newcomer, words)


def _torrents(admin: User) -> dict[str, object]:
    now = timezone.now()
    folder = {"name": "main", "path": "/srv", "is_there": True, "problem": "", "known": True}
    alive = {
        "beat_at": now,
        "started_at": now,
        "lease_token": "t",
        "folders": [folder | {"free_bytes": 1, "total_bytes": 9}],
    }
    alive["counters"] = dict.fromkeys((*counters.NAMES, f"{counters.UNKNOWN}{ALERT}"), 7)
    Node.objects.filter(pk=make_node().pk).update(**alive, listens_on=["0.0.0.0:6881"], memory_bytes=GIB)
    make_node("attic")
    words: dict[str, object] = {}
    states = {
        WHOLE: State.SEEDING,
        SLOW: State.DOWNLOADING,
        BROKEN: State.ERROR,
        **{f"{each}.mkv": each for each in State},
    }
    for name, state in states.items():
        done = GIB if state in (State.SEEDING, State.FINISHED) else GIB // 3
        torrent = make_torrent(name, size_bytes=GIB, files=[(f"{name}/{number}.mkv", GIB // 2) for number in (1, 2)])
        seen = {"done_bytes": done, "down_bytes_per_s": 1_000, "peers": 3, "seeds": 1, "seen_at": now}
        make_observation(torrent, state=state, **seen)
        words[name] = make_holding(admin, torrent, added_at=now - timedelta(days=2)).pk
    make_holding(admin, make_torrent("unseen.mkv", piece_length_bytes=0, magnet="magnet:?xt=urn:btih:" + "5a" * 20))
    names = {"torrent": WHOLE, "slow": SLOW, "broken": BROKEN}
    return {word: words[name] for word, name in names.items()}


def _money(admin: User, ben: User) -> dict[str, object]:
    own, others = admin.username, ben.username
    posted = payer.post_all(
        [
            payer.Payment("chain", own, "30012500", "DEPOSIT"),
            payer.Payment("chain", "treasury", "2000000", "DEPOSIT"),
            payer.Payment(own, others, "25", "TIP", "Thanks for the subtitles!"),
            payer.Payment(own, "channel", "1000", "CHANNEL_OPENED"),
            payer.Payment("channel", own, "412.037551", "CHANNEL_CLOSED"),
            payer.Payment(own, "", "320.5"),
            payer.Payment(others, own, "24.25", "TIP"),
        ]
    )
    withdrawal, checked = payer.ask_to_withdraw(own, "1250.5"), payer.ask_to_withdraw(own, "26000000")
    halted = payer.halt("ada: the disk makes noises")
    _audit()
    _signer(withdrawal)
    _endpoints(withdrawal)
    liabilities.take_snapshot(market_asset(), timezone.now())
    return {
        "entry": posted[-1],
        "deposit": posted[0],
        "came": payer.deposit_behind(posted[0]),
        "withdrawal": withdrawal,
        "checked": checked,
        "halt": halted,
        "account": Account.objects.get(kind=AccountKind.USER, ref=str(ben.pk)).pk,
    }


def _audit() -> None:
    """Let the books not fit, and halt withdrawals."""
    account = AccountName(Asset.TRC20, AccountKind.IN_FLIGHT)
    found = Finding("transfer", "7", audit_words.BELOW_ZERO % {"balance_ubtt": -7, "account": account})
    now = timezone.now()
    auditing.halt_for(AuditRun.objects.create(at=now, transfers=7, findings=2, first_finding=str(found)), now)


def _signer(withdrawal_id: int) -> None:
    """Let the signer refuse a withdrawal and a sweep, and the queue wait for it."""
    now = timezone.now()
    drafted = {"raw_bytes": b"7", "reference_number": 7, "reference_header": b"7", "expiration_ms": 7}
    drafted |= {"fee_estimate_sun": 7}
    attempt = Attempt.objects.create(
        **drafted,
        withdrawal_id=withdrawal_id,
        number=1,
        tx_id="7a" * 32,
        reference_id=b"7",
        state=AttemptState.PREPARED,
        next_try_at=now,
        prepared_at=now,
    )
    AttemptEvent.objects.create(attempt=attempt, at=now, what="refused", message=signer_words.NO_TRX_OUT)
    why = signer_words.CONFIRM % {"doubt": signer_words.STORE_COPIED}
    WithdrawalDesk.objects.create(looked_at=now, waits_because=withdrawal_words.UNSIGNED % {"why": why})
    answered = chain_words.ANSWERED % {"endpoint": "77", "code": CODE, "message": chain_words.NEITHER % {"answer": 7}}
    for index, says in enumerate((signer_words.LOCKED, answered)):
        address = DepositAddress.objects.create(
            network=settings.WALLET_NETWORK,
            user_id=index + 7_000,
            index=index + 7_000,
            address=f"T{index}",
            made_at=now,
        )
        Sweep.objects.create(
            **drafted,
            network=settings.WALLET_NETWORK,
            purpose=SweepPurpose.SWEEP,
            address=address,
            asset=Asset.TRC20,
            amount=7,
            tx_id=f"{index}b" * 32,
            says=says,
            made_at=now,
        )


def _endpoints(withdrawal_id: int) -> None:
    """Let one give answers of a strange shape, and a contract no reason."""
    strange = BadAnswer("77", str(BadShape("7", shape_words.MUST_BE_WHOLE % {"type": 7})))
    endpoint = {"name": "77", "ok": False, "problem": strange.why, "head": None, "solid": None}
    now = timezone.now()
    ChainCursor.objects.create(
        network=settings.WALLET_NETWORK,
        genesis_id="00",
        first_height=0,
        height=0,
        block_id="00",
        block_at=now,
        moved_at=now,
        trouble=str(strange),
        endpoints=[endpoint],
    )
    assert Withdrawal.objects.filter(pk=withdrawal_id).update(fails_because=shape_words.CALL_FAILS)


def _notices(admin: User) -> None:
    now = timezone.now()
    notices.tell(
        Tiding(user_id=admin.pk, kind=kind, key=f"{kind}/1", at=now, tone="info", text=WHOLE, url_name="health")
        for kind in ("complete", "trouble", "nodes")
    )


def demo(folder: Path) -> dict[str, object]:
    """Return what the page of a demo shows: more at once than it ever does."""
    story = played_demo.play(folder)
    failed = [DemoFailed(kept(boxes.ENDED, {"name": boxes.SELLING, "said": "7"})).kept, kept(REFUSED, {"problem": "7"})]
    story.lines += [Line(0, said) for said in (BOTH_STOP, ALL_STOPPED, STOPPED_EARLY, *failed)]
    story.wait_for(story.lines[0].text)
    return story.as_dict()


def holdings_of(user: User) -> QuerySet[Holding]:
    return Holding.objects.filter(user=user).select_related("torrent__observation").order_by("pk")


def log_of(holding: Holding) -> list[LogEntry]:
    return list(LogEntry.objects.filter(torrent=holding.torrent))
