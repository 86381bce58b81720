// Reads a list of transactions in JSON a line, writes what TronWeb makes of each: the bytes and the id.
const { utils } = require("tronweb");
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const made = JSON.parse(line).map((transaction) => {
    const message = utils.transaction.txJsonToPb(transaction);
    return [utils.transaction.txPbToRawDataHex(message), utils.transaction.txPbToTxID(message)];
  });
  process.stdout.write(JSON.stringify(made) + "\n");
});
