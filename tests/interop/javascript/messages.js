// Encrypts and decrypts messages, with committing suites only.
//
// A request to encrypt has "plaintext" in base64, "suite", "frameLength", "encryptionContext" and "keyring"; one to
// decrypt has "message" in base64 and "keyring".

import { buildClient, CommitmentPolicy } from "@aws-crypto/client-node";

import { keyringOf } from "./keyrings.js";

const client = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

export async function encryptMessage({ plaintext, suite, frameLength, encryptionContext, keyring }) {
  const { result } = await client.encrypt(keyringOf(keyring), Buffer.from(plaintext, "base64"), {
    suiteId: suite,
    frameLength,
    encryptionContext,
  });
  return result.toString("base64");
}

export async function decryptMessage({ message, keyring }) {
  const { plaintext, messageHeader } = await client.decrypt(keyringOf(keyring), Buffer.from(message, "base64"));
  return {
    plaintext: plaintext.toString("base64"),
    encryptionContext: { ...messageHeader.encryptionContext },
  };
}
