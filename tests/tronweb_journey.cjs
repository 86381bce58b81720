// An ordinary TronWeb program: reads, pays, calls a token and reads its events. Arguments: URL, key, TRC-10 id, TRC-20.
// It stops at the first thing that is not as a program expects it; otherwise it writes what it saw as one line of JSON.
const assert = require("node:assert/strict");
const { TronWeb } = require("tronweb");

const [url, key, assetId, token] = process.argv.slice(2);
const tronWeb = new TronWeb({ fullHost: url, privateKey: key });
const { trx, transactionBuilder: builder } = tronWeb;
const me = tronWeb.defaultAddress.base58;
const friend = TronWeb.address.fromHex("41" + "17".repeat(20));
const seen = {};

const mine = (count) =>
  fetch(`${url}/devnet/mine`, { method: "POST", body: JSON.stringify({ count }) }).then((answer) => answer.json());
const settle = () => mine(3);

async function reads() {
  assert.deepEqual(await tronWeb.isConnected(), { fullNode: true, solidityNode: true, eventServer: true });
  const info = await trx.getNodeInfo();
  assert.match(info.block, /^Num:\d+,ID:[0-9a-f]{64}$/);
  const parameters = Object.fromEntries((await trx.getChainParameters()).map(({ key, value }) => [key, value]));
  assert.equal(parameters.getTransactionFee, 1000);
  assert.equal((await trx.listSuperRepresentatives()).length, 27);
  assert.equal(await trx.getBandwidthPrices(), "0:1000");
  assert.equal(await trx.getEnergyPrices(), "0:100");
  assert.equal(await trx.getReward(me), 0);
  assert.ok((await trx.timeUntilNextVoteCycle()) > 0);
  assert.equal((await trx.getCanDelegatedMaxSize(me)).max_size, undefined);
  const account = await trx.getAccount(me);
  assert.equal(TronWeb.address.fromHex(account.address), me);
  assert.equal(account.owner_permission.keys[0].address, tronWeb.defaultAddress.hex.toLowerCase());
  assert.deepEqual(account.assetV2, [{ key: assetId, value: 1e15 }]);
  assert.equal(await trx.getBalance(me), await trx.getUnconfirmedBalance(me));
  assert.deepEqual(await trx.getAccount(friend), {});
  assert.equal(await trx.getBandwidth(me), 600);
  assert.equal((await trx.getAccountResources(me)).freeNetLimit, 600);
}

async function assets() {
  const asset = await trx.getTokenByID(assetId);
  assert.equal(asset.name, "BitTorrent");
  assert.equal(asset.abbr, "BTT");
  assert.equal(asset.precision, 6);
  assert.equal((await trx.getTokenFromID(Number(assetId))).id, assetId);
  assert.equal((await trx.listTokens()).length, 2);
  assert.equal((await trx.listTokens(1, 1)).length, 1);
  const issued = await trx.getTokensIssuedByAddress(asset.owner_address);
  assert.deepEqual(Object.keys(issued), ["BitTorrent"]); // TronWeb lists by name, and both tokens bear it
  // Two tokens bear this name, and only ids tell them apart.
  await assert.rejects(trx.getTokenFromID("BitTorrent").then((found) => found.id ?? Promise.reject(new Error("none"))));
}

async function blocks() {
  const block = await trx.getCurrentBlock();
  const number = block.block_header.raw_data.number;
  assert.equal((await trx.getBlock(number)).blockID, block.blockID);
  assert.equal((await trx.getBlock(block.blockID)).block_header.raw_data.number, number);
  const solid = await trx.getConfirmedCurrentBlock();
  assert.equal(solid.block_header.raw_data.number, number - 2);
  const range = await trx.getBlockRange(number - 2, number);
  assert.deepEqual(
    range.map((one) => one.block_header.raw_data.number),
    [number - 2, number - 1, number],
  );
  assert.equal(range[1].block_header.raw_data.parentHash, range[0].blockID);
  assert.equal(await trx.getBlockTransactionCount(number), 0);
  await assert.rejects(trx.getBlock(number + 1000), /Block not found/);
}

async function payments() {
  const paid = await trx.sendTransaction(friend, 5_000_000);
  assert.equal(paid.result, true);
  seen.trx = paid.txid;
  assert.equal((await trx.getTransaction(paid.txid)).raw_data.contract[0].type, "TransferContract");
  assert.deepEqual(await trx.getUnconfirmedTransactionInfo(paid.txid), {});
  await mine(1);
  const info = await trx.getUnconfirmedTransactionInfo(paid.txid);
  assert.equal(info.fee, 1_100_000); // the friend's account is new
  assert.deepEqual(await trx.getTransactionInfo(paid.txid), {});
  await assert.rejects(trx.getConfirmedTransaction(paid.txid), /Transaction not found/);
  assert.equal(await trx.getBalance(friend), 0);
  assert.equal(await trx.getUnconfirmedBalance(friend), 5_000_000);
  await settle();
  assert.equal(await trx.getBalance(friend), 5_000_000);
  assert.equal((await trx.getConfirmedTransaction(paid.txid)).ret[0].contractRet, "SUCCESS");
  assert.equal((await trx.getTransactionInfo(paid.txid)).blockNumber, info.blockNumber);

  const given = await trx.sendToken(friend, 7, assetId);
  assert.equal(given.result, true);
  seen.trc10 = given.txid;
  await settle();
  assert.deepEqual((await trx.getAccount(friend)).assetV2, [{ key: assetId, value: 7 }]);
  await assert.rejects(trx.sendTransaction(me, 1), /same account/);
  const tooMuch = await builder.sendTrx(friend, 9_000_000_000_000_000, me).then((made) => trx.sign(made));
  await assert.rejects(
    trx.sendRawTransaction(tooMuch).then((answer) => answer.result || Promise.reject(new Error(answer.code))),
    /CONTRACT_VALIDATE_ERROR/,
  );
}

async function ownTransactions() {
  let made = await builder.sendTrx(friend, 1, me);
  made = await builder.addUpdateData(made, "order 7", "utf8");
  made = await builder.extendExpiration(made, 30);
  const weight = await trx.getSignWeight(made);
  assert.equal(weight.result.code, "NOT_ENOUGH_PERMISSION");
  const signed = await trx.sign(made);
  assert.equal((await trx.getSignWeight(signed)).current_weight, 1);
  assert.deepEqual((await trx.getApprovedList(signed)).approved_list, [tronWeb.defaultAddress.hex.toLowerCase()]);
  assert.equal((await trx.sendRawTransaction(signed)).result, true);
  seen.memo = signed.txID;
  const second = await trx.multiSign(await builder.sendTrx(friend, 2, me), key, 0);
  const message = tronWeb.utils.transaction.txJsonToPb(second);
  for (const signature of second.signature) message.addSignature(Buffer.from(signature, "hex"));
  const sent = await trx.sendHexTransaction(Buffer.from(message.serializeBinary()).toString("hex"));
  assert.equal(sent.result, true);
  assert.equal(sent.txid, second.txID);
  await settle();
  assert.equal(Buffer.from((await trx.getTransaction(seen.memo)).raw_data.data, "hex").toString(), "order 7");
  assert.equal((await trx.getTransactionInfo(second.txID)).id, second.txID);
  await assert.rejects(trx.getTransaction("00".repeat(32)), /Transaction not found/);
}

async function permissions() {
  const other = await TronWeb.createRandom();
  const otherKey = other.privateKey.replace(/^0x/, "");
  const keys = [
    { address: me, weight: 1 },
    { address: other.address, weight: 1 },
  ].map((one) => ({ ...one, address: TronWeb.address.toHex(one.address) }));
  const owner = { type: 0, permission_name: "owner", threshold: 1, keys: keys.slice(0, 1) };
  const operations = "7fff1fc0033e0000000000000000000000000000000000000000000000000000";
  const both = { type: 2, permission_name: "both", threshold: 2, operations, keys };
  const made = await builder.updateAccountPermissions(me, owner, undefined, [both]);
  const answer = await trx.sendRawTransaction(await trx.sign(made));
  assert.equal(answer.result, true, JSON.stringify(answer));
  await settle();
  const active = (await trx.getAccount(me)).active_permission[0];
  assert.equal(active.threshold, 2);
  assert.deepEqual(active.keys, keys.map((one) => ({ ...one, address: one.address.toLowerCase() })));
  const value = (await trx.getTransaction(answer.txid)).raw_data.contract[0].parameter.value;
  assert.equal(value.actives[0].permission_name, "both");

  const payment = await builder.sendTrx(friend, 3, me, { permissionId: 2 });
  const once = await trx.multiSign(payment, key, 2);
  assert.equal((await trx.getSignWeight(once)).result.code, "NOT_ENOUGH_PERMISSION");
  const twice = await trx.multiSign(once, otherKey, 2);
  assert.equal((await trx.getSignWeight(twice)).current_weight, 2);
  assert.equal((await trx.sendRawTransaction(twice)).result, true);
  await settle();
  assert.equal((await trx.getTransactionInfo(twice.txID)).id, twice.txID);
}

async function contracts() {
  const contract = await tronWeb.contract().at(token);
  assert.equal(await contract.name().call(), "BitTorrent");
  assert.equal(await contract.symbol().call(), "BTT");
  assert.equal(await contract.decimals().call(), 18n);
  assert.equal(await contract.totalSupply().call(), 990n * 10n ** 30n);
  const before = await contract.balanceOf(me).call();
  const paid = await contract.transfer(friend, "3000000000000000001").send({ feeLimit: 100_000_000 });
  seen.trc20 = paid;
  await settle();
  assert.equal(await contract.balanceOf(friend).call(), 3000000000000000001n);
  assert.equal(await contract.balanceOf(me).call(), before - 3000000000000000001n);
  const info = await trx.getTransactionInfo(paid);
  assert.equal(info.receipt.result, "SUCCESS");
  assert.equal(info.log[0].address, TronWeb.address.toHex(token).slice(2));
  const local = await contract.transfer(friend, 1).send({ feeLimit: 100_000_000, txLocal: true });
  await contract.approve(friend, 5).send();
  await settle();
  assert.equal((await trx.getTransactionInfo(local)).receipt.result, "SUCCESS");
  assert.equal(await contract.allowance(me, friend).call(), 5n);

  const parameters = [
    { type: "address", value: friend },
    { type: "uint256", value: 1 },
  ];
  const estimate = await builder.estimateEnergy(token, "transfer(address,uint256)", {}, parameters, me);
  assert.equal(estimate.energy_required, 14_650);
  const confirmed = await builder.triggerConfirmedConstantContract(token, "symbol()", {}, [], me);
  assert.match(confirmed.constant_result[0], /425454/);
  const tooMuch = [
    { type: "address", value: friend },
    { type: "uint256", value: "9".repeat(70) },
  ];
  await assert.rejects(
    builder.triggerConstantContract(token, "transfer(address,uint256)", {}, tooMuch, me),
    /REVERT opcode executed/,
  );
  await assert.rejects(
    builder.triggerSmartContract(friend, "transfer(address,uint256)", {}, parameters, me),
    /No contract or not a valid smart contract/,
  );
  const options = { feeLimit: 100_000_000 };
  const failing = await builder.triggerSmartContract(token, "transfer(address,uint256)", options, tooMuch, me);
  const sent = await trx.sendRawTransaction(await trx.sign(failing.transaction));
  assert.equal(sent.result, true);
  await settle();
  const failed = await trx.getTransactionInfo(sent.txid);
  assert.equal(failed.result, "FAILED");
  assert.equal(failed.receipt.result, "REVERT");
  assert.equal(failed.log, undefined);
}

async function deployments() {
  const abi = [{ type: "constructor", inputs: [], stateMutability: "nonpayable" }];
  const made = await builder.createSmartContract({ abi, bytecode: "6080", feeLimit: 100_000_000, name: "Own" }, me);
  const answer = await trx.sendRawTransaction(await trx.sign(made));
  assert.equal(answer.code, "CONTRACT_VALIDATE_ERROR");
  assert.match(Buffer.from(answer.message, "hex").toString(), /runs no code of others/);
  const frozen = await builder.freezeBalanceV2(1_000_000, "ENERGY", me);
  const refused = await trx.sendRawTransaction(await trx.sign(frozen));
  assert.equal(refused.code, "CONTRACT_VALIDATE_ERROR");
  assert.equal(refused.txid, frozen.txID);
  assert.match(Buffer.from(refused.message, "hex").toString(), /nobody stakes or votes here/);
}

async function events() {
  const found = await tronWeb.event.getEventsByContractAddress(token, { eventName: "Transfer", limit: 2 });
  assert.equal(found.data.length, 2);
  assert.ok(found.meta.fingerprint);
  const rest = await tronWeb.event.getEventsByContractAddress(token, {
    eventName: "Transfer",
    onlyConfirmed: true,
    fingerprint: found.meta.fingerprint,
  });
  const all = [...found.data, ...rest.data];
  assert.equal(new Set(all.map((event) => event.transaction_id)).size, 3); // the faucet's, and two of ours
  const ours = await tronWeb.event.getEventsByTransactionID(seen.trc20);
  assert.equal(ours.data[0].result.value, "3000000000000000001");
  assert.equal(TronWeb.address.fromHex(ours.data[0].result.to), friend);
  const inBlock = await tronWeb.event.getEventsByBlockNumber(ours.data[0].block_number);
  assert.equal(inBlock.data[0].transaction_id, seen.trc20);
  assert.deepEqual((await tronWeb.event.getEventsOfLatestBlock()).data, []);
}

async function rawReads() {
  assert.equal(typeof (await trx.raw.getAccount(me)).balance, "string");
  const block = await trx.raw.getCurrentBlock();
  assert.equal(typeof block.block_header.raw_data.timestamp, "string");
  assert.equal(block.block_header.raw_data.version, 31);
  const asset = await trx.raw.getTokenFromID(Number(assetId));
  assert.equal(asset.total_supply, "990000000000000000"); // a number would have lost digits
}

(async () => {
  for (const part of [reads, assets, blocks, payments, ownTransactions, permissions, contracts, deployments, events, rawReads]) {
    try {
      await part();
    } catch (problem) {
      console.error(`${part.name}: ${problem.stack ?? JSON.stringify(problem)}`);
      process.exitCode = 1;
      return;
    }
  }
  console.log(JSON.stringify(seen));
})();
