package interop;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.BranchKeyMaterials;
import software.amazon.cryptography.keystore.model.CreateKeyInput;
import software.amazon.cryptography.keystore.model.CreateKeyStoreInput;
import software.amazon.cryptography.keystore.model.GetActiveBranchKeyInput;
import software.amazon.cryptography.keystore.model.GetBeaconKeyInput;
import software.amazon.cryptography.keystore.model.GetBranchKeyVersionInput;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.keystore.model.VersionKeyInput;

/**
 * Makes, versions and reads branch keys.
 *
 * <p>A request has "keyStore": "table", "logicalName" and "keyArn", and all but the first operation
 * "branchKeyId". Keys are those of the tests' own KMS, and are answered in clear so that the tests
 * can compare them.
 */
final class BranchKeys {
  private BranchKeys() {}

  static KeyStore store(JsonNode keyStore) {
    KMSConfiguration key =
        KMSConfiguration.builder().kmsKeyArn(keyStore.required("keyArn").asText()).build();
    KeyStoreConfig configuration =
        KeyStoreConfig.builder()
            .ddbClient(Clients.dynamoDb())
            .ddbTableName(keyStore.required("table").asText())
            .logicalKeyStoreName(keyStore.required("logicalName").asText())
            .kmsClient(Clients.kms())
            .kmsConfiguration(key)
            .build();
    return KeyStore.builder().KeyStoreConfig(configuration).build();
  }

  static JsonNode createTable(JsonNode request) {
    String table =
        storeOf(request).CreateKeyStore(CreateKeyStoreInput.builder().build()).tableArn();
    return JsonNodeFactory.instance.textNode(table);
  }

  static JsonNode create(JsonNode request) {
    Map<String, String> context = new HashMap<>();
    request
        .required("encryptionContext")
        .properties()
        .forEach(pair -> context.put(pair.getKey(), pair.getValue().asText()));
    CreateKeyInput input =
        CreateKeyInput.builder()
            .branchKeyIdentifier(idOf(request))
            .encryptionContext(context)
            .build();
    return JsonNodeFactory.instance.textNode(
        storeOf(request).CreateKey(input).branchKeyIdentifier());
  }

  static JsonNode version(JsonNode request) {
    storeOf(request)
        .VersionKey(VersionKeyInput.builder().branchKeyIdentifier(idOf(request)).build());
    return JsonNodeFactory.instance.nullNode();
  }

  /** Gives the active version, or the one that "version" names, and the beacon key. */
  static JsonNode read(JsonNode request) {
    KeyStore store = storeOf(request);
    GetBeaconKeyInput beacon =
        GetBeaconKeyInput.builder().branchKeyIdentifier(idOf(request)).build();
    BranchKeyMaterials found = materials(store, idOf(request), request.path("version"));
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.put("version", found.branchKeyVersion());
    result.put("branchKey", base64(found.branchKey()));
    result.put("beaconKey", base64(store.GetBeaconKey(beacon).beaconKeyMaterials().beaconKey()));
    return result;
  }

  private static BranchKeyMaterials materials(KeyStore store, String id, JsonNode version) {
    if (version.isMissingNode()) {
      GetActiveBranchKeyInput active =
          GetActiveBranchKeyInput.builder().branchKeyIdentifier(id).build();
      return store.GetActiveBranchKey(active).branchKeyMaterials();
    }
    GetBranchKeyVersionInput named =
        GetBranchKeyVersionInput.builder()
            .branchKeyIdentifier(id)
            .branchKeyVersion(version.asText())
            .build();
    return store.GetBranchKeyVersion(named).branchKeyMaterials();
  }

  private static KeyStore storeOf(JsonNode request) {
    return store(request.required("keyStore"));
  }

  private static String idOf(JsonNode request) {
    return request.required("branchKeyId").asText();
  }

  private static String base64(ByteBuffer key) {
    byte[] bytes = new byte[key.remaining()];
    key.duplicate().get(bytes);
    return Base64.getEncoder().encodeToString(bytes);
  }
}
