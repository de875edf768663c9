package interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DynamoDbItemEncryptorConfig;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.EncryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.structuredencryption.model.CryptoAction;
import software.amazon.cryptography.materialproviders.model.DBEAlgorithmSuiteId;

/**
 * Encrypts and decrypts items.
 *
 * <p>A request has "item", in DynamoDB's JSON, and "configuration": "table", "partitionKey",
 * "sortKey", "actions" (an action by attribute name), "flavor" (0, or 1 with an ECDSA signature)
 * and "keyring".
 */
final class Items {
  private static final DBEAlgorithmSuiteId[] SUITE_BY_FLAVOR = {
    DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_SYMSIG_HMAC_SHA384,
    DBEAlgorithmSuiteId.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384_SYMSIG_HMAC_SHA384,
  };

  private Items() {}

  static JsonNode encrypt(JsonNode request) {
    Map<String, AttributeValue> item = DynamoDbJson.parseItem(request.required("item"));
    EncryptItemInput input = EncryptItemInput.builder().plaintextItem(item).build();
    return DynamoDbJson.ofItem(encryptor(request).EncryptItem(input).encryptedItem());
  }

  static JsonNode decrypt(JsonNode request) {
    Map<String, AttributeValue> item = DynamoDbJson.parseItem(request.required("item"));
    DecryptItemInput input = DecryptItemInput.builder().encryptedItem(item).build();
    return DynamoDbJson.ofItem(encryptor(request).DecryptItem(input).plaintextItem());
  }

  private static DynamoDbItemEncryptor encryptor(JsonNode request) {
    JsonNode configuration = request.required("configuration");
    Map<String, CryptoAction> actions = new HashMap<>();
    List<String> unsigned = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : configuration.required("actions").properties()) {
      CryptoAction action = CryptoAction.valueOf(entry.getValue().asText());
      actions.put(entry.getKey(), action);
      if (action == CryptoAction.DO_NOTHING) {
        unsigned.add(entry.getKey());
      }
    }
    DynamoDbItemEncryptorConfig.Builder builder =
        DynamoDbItemEncryptorConfig.builder()
            .logicalTableName(configuration.required("table").asText())
            .partitionKeyName(configuration.required("partitionKey").asText())
            .sortKeyName(configuration.required("sortKey").asText())
            .attributeActionsOnEncrypt(actions)
            .algorithmSuiteId(SUITE_BY_FLAVOR[configuration.required("flavor").asInt()])
            .keyring(Keyrings.parse(configuration.required("keyring")));
    if (!unsigned.isEmpty()) {
      builder.allowedUnsignedAttributes(unsigned);
    }
    return DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(builder.build()).build();
  }
}
