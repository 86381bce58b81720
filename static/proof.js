// Checks proofs in the browser, with nothing from the box but the proof itself: a transfer under its seal, or a balance
// in what the box owes. The same checks as wallet/domain/proofs.py. On a page: <button data-verify="ID" …> checks the
// JSON that the element with that id holds, and writes what it found into the element that `data-verify-answer` names.

const INCLUSION = "inclusion/1";
const LIABILITY = "liability/1";
const MAX_PATH = 64;
const MAX_TEXT = 10_000;
const SUM_LIMIT = 2n ** 127n;
const HASH = /^[0-9a-f]{64}$/;
const WHOLE = /^(?:0|[1-9][0-9]{0,38})$/;
const HEAD = /^1\|([a-z]{1,20})(?=\|)/;
const FIELD = /\|([a-z_]{1,30})=(?:i(0|-?[1-9][0-9]{0,38})|s(0|[1-9][0-9]{0,4}):)/y;

const gettext = globalThis.gettext ?? ((text) => text); // a catalogue comes with every language but English
const filled = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class BadProof extends Error {}

/** Check a proof; return a sentence and the hash that must be the published one. Throws BadProof with a sentence. */
export async function verify(proof) {
  if (!globalThis.crypto?.subtle) throw new BadProof(gettext("This browser checks nothing at this address: it wants https, or localhost."));
  if (proof?.format === INCLUSION) return verifyInclusion(proof);
  if (proof?.format === LIABILITY) return verifyLiability(proof);
  throw new BadProof(gettext("This is no proof, or one of a newer version."));
}

async function verifyInclusion(proof) {
  const transfer = read("written", proof.transfer);
  const leaf = await hash([0], encoder.encode(proof.transfer));
  need(hex(leaf) === proof.leaf, gettext("The transfer is not the one that the leaf was made of."));
  const root = await rootFromPath(leaf, list(proof.path, MAX_PATH).map(bytes), whole(proof.index), whole(proof.count));
  need(root && hex(root) === proof.root, gettext("The path does not lead from the transfer to the root."));
  const seal = read("seal", proof.seal);
  const same = seal.root === proof.root && seal.count === BigInt(proof.count) && seal.number === BigInt(whole(proof.seal_number));
  need(same, gettext("The seal is of another root."));
  need(seal.first_id <= transfer.id && transfer.id <= seal.last_id, gettext("The seal does not cover a transfer with this id."));
  const sealHash = hex(await hash(encoder.encode(proof.seal)));
  need(sealHash === proof.seal_hash, gettext("The seal's hash is wrong."));
  const end = await follow(seal, sealHash, list(proof.links, Infinity));
  const newest = BigInt(whole(proof.newest?.number));
  const leads = end.number < newest || (end.number === newest && end.hash === proof.newest.hash);
  need(leads && HASH.test(proof.newest.hash), gettext("The chain of seals does not lead to the newest seal."));
  const under = seal.number === newest
    ? gettext("Transfer %(id)s is under seal %(number)s, which is the newest.")
    : gettext("Transfer %(id)s is under seal %(number)s, to which all seals up to %(last)s are chained.");
  return { sentence: filled(under, { id: transfer.id, number: seal.number, last: end.number }), hash: end.hash };
}

async function follow(seal, sealHash, links) {
  let end = { number: seal.number, lastId: seal.last_id, hash: sealHash };
  for (const link of links) {
    const after = read("seal", link);
    const next = end.number + 1n;
    need(after.previous_hash === end.hash && after.number === next, filled(gettext("Seal %(next)s is not chained to seal %(number)s."), { next, number: end.number }));
    need(after.first_id > end.lastId, filled(gettext("Seal %(next)s reaches back behind seal %(number)s."), { next, number: end.number }));
    end = { number: next, lastId: after.last_id, hash: hex(await hash(encoder.encode(link))) };
  }
  return end;
}

async function verifyLiability(proof) {
  const snapshot = read("liabilities", proof.snapshot);
  const snapshotHash = hex(await hash(encoder.encode(proof.snapshot)));
  need(snapshotHash === proof.snapshot_hash, gettext("The snapshot's hash is wrong."));
  sum(proof.user); // a number, so that nothing else gets into the sentence
  const path = list(proof.path, MAX_PATH);
  let index = BigInt(whole(proof.index));
  need(snapshot.count === 1n << BigInt(path.length) && index < snapshot.count, gettext("The path is not as long as the tree is high."));
  const owner = await hash(encoder.encode(proof.user), bytes(proof.nonce));
  const balance = sum(proof.balance_ubtt);
  let above = { hash: await hash([0], owner, sumBytes(balance)), sum: balance };
  for (const step of path) {
    const sibling = { hash: bytes(step?.hash), sum: sum(step?.sum_ubtt) };
    above = index & 1n ? await parent(sibling, above) : await parent(above, sibling);
    index >>= 1n;
  }
  need(hex(above.hash) === snapshot.root, gettext("The path does not lead from this balance to the root."));
  need(above.sum === snapshot.total_ubtt, gettext("The total is not the sum of the balances."));
  const counted = gettext("%(balance)s µBTT of user %(user)s are counted in the %(sum)s µBTT that are owed in all.");
  return { sentence: filled(counted, { balance, user: proof.user, sum: above.sum }), hash: snapshotHash };
}

async function parent(left, right) {
  const total = left.sum + right.sum;
  sumBytes(total);
  return { hash: await hash([1], left.hash, sumBytes(left.sum), right.hash, sumBytes(right.sum)), sum: total };
}

// RFC 6962: where a level has an odd number of nodes, its last one goes up as it is.
async function rootFromPath(leaf, path, index, count) {
  if (index >= count) return null;
  let place = BigInt(index);
  let last = BigInt(count) - 1n;
  let above = leaf;
  for (const sibling of path) {
    if (last === 0n) return null;
    if (place & 1n || place === last) {
      above = await hash([1], sibling, above);
      while (!(place & 1n) && place) [place, last] = [place >> 1n, last >> 1n];
    } else {
      above = await hash([1], above, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  return last === 0n ? above : null;
}

// The fields of a canonical text. It is cut as bytes, one character for each, because its lengths count bytes.
function read(what, text) {
  const sentence = filled(gettext("The text of the %(what)s is not in its canonical form."), { what });
  need(typeof text === "string" && text.length <= MAX_TEXT && text.isWellFormed?.() !== false, sentence);
  const raw = encoder.encode(text);
  const cut = Array.from(raw, (byte) => String.fromCharCode(byte)).join("");
  const head = HEAD.exec(cut);
  need(head?.[1] === what && raw.length <= MAX_TEXT, sentence);
  const fields = Object.create(null);
  let last = "";
  for (FIELD.lastIndex = head[0].length; FIELD.lastIndex < cut.length; ) {
    const position = FIELD.lastIndex;
    const [field, name, number, length] = FIELD.exec(cut) ?? [];
    need(field && name > last, sentence);
    last = name;
    if (number !== undefined) {
      fields[name] = BigInt(number);
      continue;
    }
    const start = position + field.length;
    const end = start + Number(length);
    need(end <= raw.length, sentence);
    try {
      fields[name] = decoder.decode(raw.subarray(start, end));
    } catch {
      throw new BadProof(sentence);
    }
    FIELD.lastIndex = end;
  }
  return fields;
}

async function hash(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(parts)));
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    all.set(part, position);
    position += part.length;
  }
  return all;
}

function need(holds, sentence) {
  if (!holds) throw new BadProof(sentence);
}

function list(value, limit) {
  need(Array.isArray(value) && value.length <= limit, gettext("A list in this proof is missing, or too long."));
  return value;
}

function whole(value) {
  need(Number.isSafeInteger(value) && value >= 0, gettext("A number in this proof is missing."));
  return value;
}

function sum(value) {
  need(typeof value === "string" && WHOLE.test(value), gettext("An amount in this proof is no whole number from 0 on."));
  return BigInt(value);
}

function sumBytes(value) {
  need(value >= 0n && value < SUM_LIMIT, gettext("A sum is negative, or too large to be one."));
  return bytes(value.toString(16).padStart(64, "0")).subarray(16);
}

function bytes(text) {
  need(typeof text === "string" && HASH.test(text), "A hash is not 64 hex digits.");
  return Uint8Array.from({ length: 32 }, (_, place) => parseInt(text.slice(2 * place, 2 * place + 2), 16));
}

function hex(raw) {
  return Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

globalThis.document?.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-verify]");
  if (!button) return;
  const answer = document.getElementById(button.dataset.verifyAnswer);
  button.disabled = true;
  try {
    const found = await verify(JSON.parse(document.getElementById(button.dataset.verify).textContent));
    const holds = gettext("%(sentence)s The proof holds if this is the hash that was published: %(hash)s");
    answer.textContent = filled(holds, found);
    answer.dataset.verified = "yes";
  } catch (problem) {
    answer.textContent = problem instanceof BadProof ? problem.message : gettext("This is no proof.");
    answer.dataset.verified = "no";
  }
  button.disabled = false;
});
