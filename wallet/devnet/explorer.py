"""Pages about the chain that a person can read: the newest of it, one block, one transaction, one account."""

from collections.abc import Callable
from urllib.parse import quote

from wallet.devnet import wording
from wallet.devnet.answers import AccountAnswer, Block, BlockTransaction, Info
from wallet.devnet.endpoint import Endpoint
from wallet.devnet.explorer_parts import (
    ICON,
    SCRIPT,
    STYLE,
    Scene,
    address_link,
    block_link,
    document,
    facts,
    pager,
    section,
    state_badge,
    table,
    tiles,
    title_of,
    transactions,
    when,
)
from wallet.devnet.http import Answer, Request
from wallet.devnet.markup import Content, Markup, joined, tag
from wallet.domain.tron.addresses import Address, BadAddress, parse_address, to_base58, to_hex
from wallet.domain.tron.transactions import TriggerContract

BLOCKS_SHOWN = 12
TRANSACTIONS_SHOWN = 12
PAGE = 25
LONGEST_NUMBER = 18  # digits: less than the 64 bits of the file
LOOKED_AT = 100  # blocks in which the newest transactions are looked for

FILES = {
    "explorer.css": Answer(STYLE, 200, "text/css"),
    "explorer.js": Answer(SCRIPT, 200, "text/javascript"),
    "explorer.svg": Answer(ICON, 200, "image/svg+xml"),
}


def page(endpoint: Endpoint, request: Request) -> Answer | None:
    """Return the page of a path, None for a path that is none of ours."""
    if request.path in FILES:
        return FILES[request.path]
    kind, _, name = request.path.partition("/")
    found = PAGES.get(kind)
    if found is None or (kind in ("", "search") and name):
        return None
    return found(endpoint, request, name)


def _home(endpoint: Endpoint, request: Request, name: str) -> Answer:
    scene = Scene.of(endpoint)
    summary = endpoint.devnet.summary()
    newest = scene.view.blocks(max(0, scene.head.number + 1 - LOOKED_AT), scene.head.number + 1)[::-1]
    pending = [endpoint.devnet.pending_transaction(tx_id) for tx_id in endpoint.devnet.pending_ids()[-PAGE:]]
    latest = [found for found in reversed(pending) if found]
    latest += [found for block in newest for found in reversed(block.transactions)]
    figures = tiles(
        [
            ("Newest block", block_link(scene.head.number), when(scene, scene.head.timestamp_ms)),
            ("Solid block", block_link(scene.solid), "nothing takes it back"),
            ("Pending", f"{summary.pending:,}", "wait for a block"),
            ("Burned", wording.trx(summary.burned_sun), "as fees, so far"),
            ("Faucet", address_link(summary.faucet), "has what nobody has yet"),
        ]
    )
    return document(
        "Newest",
        tag("h1", "The newest of the chain", class_="unseen"),
        figures,
        section(
            "Transactions",
            transactions(scene, latest[:TRANSACTIONS_SHOWN], empty=f"None in the newest {LOOKED_AT} blocks."),
        ),
        section("Blocks", _blocks(scene, newest[:BLOCKS_SHOWN]), pager(older="/blocks")),
        is_live=True,
    )


def _block_list(endpoint: Endpoint, request: Request, name: str) -> Answer:
    scene = Scene.of(endpoint)
    head = scene.head.number
    last = min(_number(request.query.get("from", ""), head), head)
    first = max(0, last + 1 - PAGE)
    newer = f"/blocks?from={min(last + PAGE, head)}" if last < head else None
    older = f"/blocks?from={first - 1}" if first else None
    found = scene.view.blocks(first, last + 1)[::-1]
    return document("Blocks", title_of("Blocks"), _blocks(scene, found), pager(older=older, newer=newer))


def _blocks(scene: Scene, blocks: list[Block]) -> Markup:
    rows = (
        (
            block_link(block.number),
            when(scene, block.timestamp_ms),
            f"{len(block.transactions):,}",
            address_link(block.witness),
            _solidity(scene, block),
        )
        for block in blocks
    )
    return table(("Block", "When", "Transactions", "Witness", "State"), rows, empty="No blocks.")


def _solidity(scene: Scene, block: Block) -> Markup:
    is_solid = block.number <= scene.solid
    return tag("span", "solid" if is_solid else "open", class_=f"badge {'good' if is_solid else 'seen'}")


def _block(endpoint: Endpoint, request: Request, name: str) -> Answer:
    scene = Scene.of(endpoint)
    found = scene.view.block(_number(name, -1)) if len(name) <= LONGEST_NUMBER else scene.view.block_by_id(_hash(name))
    if found is None:
        return _missing("There is no such block", f"The newest is {scene.head.number}.", name)
    neighbours = [
        tag("a", f"← {found.number - 1:,}", href=f"/block/{found.number - 1}") if found.number else None,
        tag("a", f"{found.number + 1:,} →", href=f"/block/{found.number + 1}")
        if found.number < scene.head.number
        else None,
    ]
    about = facts(
        [
            ("Made", joined([wording.moment(found.timestamp_ms), " · ", when(scene, found.timestamp_ms)])),
            ("By witness", address_link(found.witness, is_whole=True)),
            ("Parent", tag("a", found.parent_id.hex(), href=f"/block/{found.parent_id.hex()}", class_="code")),
            ("Root of transactions", tag("span", found.tx_trie_root.hex(), class_="code")),
            ("Version", found.version),
            ("Signature", tag("span", found.witness_signature.hex() or "none", class_="code")),
        ]
    )
    return document(
        f"Block {found.number}",
        title_of(f"Block {found.number:,}", badge=_solidity(scene, found), code=found.id.hex()),
        tag("nav", joined(neighbours), class_="pager", aria_label="Blocks"),
        section("About it", about),
        section("Transactions", transactions(scene, found.transactions, empty="There are none in it.")),
    )


def _transaction(endpoint: Endpoint, request: Request, name: str) -> Answer:
    scene = Scene.of(endpoint)
    found = scene.view.transaction(_hash(name))
    if found is None:
        return _missing("There is no such transaction", "It was never here, or no block took it in time.", name)
    info = scene.view.info(found.tx_id)
    deed = wording.deed(scene.view, found.raw)
    about = facts(
        [
            ("What", deed.kind),
            ("Amount", tag("strong", deed.amount) if deed.amount else None),
            ("From", address_link(deed.owner, is_whole=True) if deed.owner else None),
            ("To", address_link(deed.other, is_whole=True) if deed.other else None),
            ("Contract", _called(found)),
            ("Memo", wording.memo_text(found.raw.memo)),
            ("Block", _place(scene, found)),
            ("Made", wording.moment(found.raw.timestamp_ms)),
            ("Expires", wording.moment(found.raw.expiration_ms)),
            ("Signatures", len(found.signed.signatures)),
            ("Permission", found.raw.permission_id or None),
        ]
    )
    bytes_of_it = tag("details", tag("summary", "Its bytes"), tag("pre", found.signed.raw_bytes.hex(), class_="code"))
    return document(
        "Transaction",
        title_of(deed.kind, badge=state_badge(scene, found), code=found.tx_id.hex()),
        section("About it", about),
        _receipt(scene, info) if info else None,
        section("For machines", bytes_of_it),
    )


def _called(found: BlockTransaction) -> Content:
    contract = found.raw.contract
    return address_link(contract.contract, is_whole=True) if isinstance(contract, TriggerContract) else None


def _place(scene: Scene, found: BlockTransaction) -> Content:
    if found.block is None:
        return "none yet"
    upon = scene.head.number - found.block.number
    return joined([block_link(found.block.number), f" · {upon:,} upon it · ", when(scene, found.block.timestamp_ms)])


def _receipt(scene: Scene, info: Info) -> Markup:
    moved = [
        (address_link(one.sender), address_link(one.recipient), tag("span", one.amount, class_="amount"))
        for one in wording.movements(scene.view, info)
    ]
    paid = facts(
        [
            ("Result", info.result),
            ("Why", info.message),
            ("Fee", wording.trx(info.fee_sun)),
            ("Bandwidth", f"{info.net_usage_bytes:,} bytes, free" if info.net_usage_bytes else None),
            ("For bandwidth", wording.trx(info.net_fee_sun) if info.net_fee_sun else None),
            ("Energy", f"{info.energy_usage:,}" if info.energy_usage else None),
            ("For energy", wording.trx(info.energy_fee_sun) if info.energy_fee_sun else None),
        ]
    )
    logs = table(("From", "To", "Amount"), moved, empty="") if moved else None
    return section("Receipt", paid, tag("h3", "What tokens moved") if moved else None, logs)


def _account(endpoint: Endpoint, request: Request, name: str) -> Answer:
    scene = Scene.of(endpoint)
    try:
        address = parse_address(name)
    except BadAddress as problem:
        return _missing("This is no address", str(problem), name)
    account = scene.view.account(address)
    token = scene.view.contract(address)
    after = _after(request.query.get("after", ""))
    history = scene.view.history(address, limit=PAGE + 1, after=after)
    more = history[PAGE - 1] if len(history) > PAGE else None
    older = f"/account/{to_base58(address)}?after={more.info.block.number}-{more.position}" if more else None
    kind = "Contract" if token else "Account"
    about_token = (
        facts(
            [
                ("Token", f"{token.name} ({token.symbol})"),
                ("Decimals", token.decimals),
                ("Supply", wording.amount(token.total_supply, token.decimals, token.symbol)),
                ("Made by", address_link(token.origin, is_whole=True)),
            ]
        )
        if token
        else None
    )
    return document(
        f"{kind} {to_base58(address)}",
        title_of(kind, code=to_base58(address)),
        section("Holds", _holdings(scene, address, account)),
        section("About it", about_token, _about(scene, address, account)),
        section(
            "Transactions",
            transactions(scene, [one.transaction for one in history[:PAGE]], empty="None in any block."),
            pager(older=older, newer=f"/account/{to_base58(address)}" if after else None),
        ),
    )


def _holdings(scene: Scene, address: Address, account: AccountAnswer | None) -> Markup:
    held: list[tuple[str, Content]] = [("TRX", wording.trx(account.balance_sun))] if account else []
    if account:
        held += [
            (f"TRC-10 {asset_id}", wording.asset_amount(scene.view, asset_id, amount))
            for asset_id, amount in account.assets.items()
            if amount
        ]
    for token in scene.view.contracts():
        balance = scene.view.token_balance(token.address, address)
        if balance:
            amount = wording.token_amount(scene.view, token.address, balance)
            held.append(
                ("TRC-20", joined([f"{amount} · ", tag("a", "token", href=f"/account/{to_base58(token.address)}")]))
            )
    return facts(held) if held else tag("p", "Nothing. Nobody has paid to it yet.", class_="empty")


def _about(scene: Scene, address: Address, account: AccountAnswer | None) -> Markup:
    resources = scene.view.resources(address)
    permissions = [account.owner, *account.actives] if account and not account.is_contract else []
    return facts(
        [
            ("In hex", tag("span", to_hex(address), class_="code")),
            ("Since", wording.moment(account.created_ms) if account else "it is not on the chain yet"),
            (
                "Free bandwidth",
                f"{max(0, resources.free_net_limit_bytes - resources.free_net_used_bytes):,} bytes left today"
                if resources and permissions
                else None,
            ),
            *(
                (
                    f"May sign: {permission.name}",
                    joined(
                        [
                            f"{permission.threshold} of ",
                            *(joined([address_link(key), f" ({weight}) "]) for key, weight in permission.keys),
                        ]
                    ),
                )
                for permission in permissions
            ),
        ]
    )


def _search(endpoint: Endpoint, request: Request, name: str) -> Answer:
    """Send on to what was meant: a number is a block, 64 digits are a transaction or a block, else an address."""
    wanted = request.query.get("q", "").strip()[:80]
    plain = wanted.replace(",", "").removeprefix("0x")
    if plain.isascii() and plain.isdigit() and len(plain) <= LONGEST_NUMBER:
        return _elsewhere(f"/block/{plain}")
    if len(plain) == 64:
        is_block = Scene.of(endpoint).view.block_by_id(_hash(plain)) is not None
        return _elsewhere(f"/{'block' if is_block else 'tx'}/{quote(plain.lower(), safe='')}")
    return _elsewhere(f"/account/{quote(wanted, safe='')}") if wanted else _elsewhere("/")


def _elsewhere(target: str) -> Answer:
    return Answer(b"", 303, "text/plain", (("Location", target),))


def _missing(title: str, why: str, searched: str) -> Answer:
    return document(title, title_of(title), tag("p", why, class_="empty"), status=404, searched=searched[:80])


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else default


def _hash(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _after(text: str) -> tuple[int, int] | None:
    number, _, position = text.partition("-")
    found = (_number(number, -1), _number(position, -1))
    return found if min(found) >= 0 else None


PAGES: dict[str, Callable[[Endpoint, Request, str], Answer]] = {
    "": _home,
    "blocks": _block_list,
    "block": _block,
    "tx": _transaction,
    "account": _account,
    "search": _search,
}
