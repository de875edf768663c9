// Answers each line of JSON on standard input with one on standard output, until the input ends.
//
// A request is an object with a member "operation"; its other members depend on the operation. The answer is
// {"result": ...}, or {"error": {"class": ..., "message": ...}} where the library refused.

import { createInterface } from "node:readline";

import { createBranchKey, readBranchKey, versionBranchKey } from "./branch_keys.js";
import { decryptMessage, encryptMessage } from "./messages.js";

const operations = {
  createBranchKey,
  decryptMessage,
  encryptMessage,
  readBranchKey,
  versionBranchKey,
};

async function answerTo(request) {
  try {
    return { result: await operations[request.operation](request) };
  } catch (refused) {
    // A mistake here, not a refusal: it ends the command.
    if (refused instanceof TypeError || refused instanceof ReferenceError) throw refused;
    return { error: { class: refused.constructor.name, message: refused.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answerTo(JSON.parse(line)))}\n`);
}
