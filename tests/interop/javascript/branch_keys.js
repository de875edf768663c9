// Makes, versions and reads branch keys.
//
// A request has "keyStore" ("table", "logicalName" and "keyArn") and "branchKeyId". Keys are those of the tests' own
// KMS, and are answered in clear so that the tests can compare them.

import { BranchKeyStoreNode } from "@aws-crypto/client-node";

import { dynamoDb, kms } from "./clients.js";

export function storeOf({ table, logicalName, keyArn }) {
  return new BranchKeyStoreNode({
    storage: { ddbTableName: table, ddbClient: dynamoDb },
    keyManagement: { kmsClient: kms },
    logicalKeyStoreName: logicalName,
    kmsConfiguration: { identifier: keyArn },
  });
}

export async function createBranchKey({ keyStore, branchKeyId, encryptionContext }) {
  const created = await storeOf(keyStore).createKey({ branchKeyIdentifier: branchKeyId, encryptionContext });
  return created.branchKeyIdentifier;
}

export async function versionBranchKey({ keyStore, branchKeyId }) {
  await storeOf(keyStore).versionKey({ branchKeyIdentifier: branchKeyId });
  return null;
}

/** Gives the active version, or the one that is named. */
export async function readBranchKey({ keyStore, branchKeyId, version }) {
  const store = storeOf(keyStore);
  const found = version
    ? await store.getBranchKeyVersion(branchKeyId, version)
    : await store.getActiveBranchKey(branchKeyId);
  return {
    version: Buffer.from(found.branchKeyVersion).toString(),
    branchKey: Buffer.from(found.branchKey()).toString("base64"),
  };
}
