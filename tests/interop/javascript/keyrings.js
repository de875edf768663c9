// Makes the keyring that a request asks for. Each request has its own: nothing is cached between two of them.
//
// "kind" is "raw-aes" (with "namespace", "name" and "key" in base64), "kms" (with "keyArn") or "hierarchical" (with
// "keyStore" and "branchKeyId"). "utf8Sorting" is how the specification sorts the encryption context; the library's
// default is another order.

import {
  KmsHierarchicalKeyRingNode,
  KmsKeyringNode,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from "@aws-crypto/client-node";

import { storeOf } from "./branch_keys.js";
import { kms } from "./clients.js";

const CACHED_SECONDS = 60;

const kinds = {
  "raw-aes": ({ namespace, name, key, utf8Sorting }) =>
    new RawAesKeyringNode({
      keyNamespace: namespace,
      keyName: name,
      // A copy of its own: the library refuses a view into a larger buffer.
      unencryptedMasterKey: Uint8Array.from(Buffer.from(key, "base64")),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
      utf8Sorting,
    }),
  kms: ({ keyArn }) => new KmsKeyringNode({ generatorKeyId: keyArn, clientProvider: () => kms }),
  hierarchical: ({ keyStore, branchKeyId, utf8Sorting }) =>
    new KmsHierarchicalKeyRingNode({
      keyStore: storeOf(keyStore),
      branchKeyId,
      cacheLimitTtl: CACHED_SECONDS,
      utf8Sorting,
    }),
};

export function keyringOf(keyring) {
  return kinds[keyring.kind](keyring);
}
