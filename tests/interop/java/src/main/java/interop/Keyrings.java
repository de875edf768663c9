package interop;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.util.Base64;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.AesWrappingAlg;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsHierarchicalKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateRawAesKeyringInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;

/**
 * Makes the keyring that a request asks for. Each request has its own: nothing is cached between
 * two of them.
 *
 * <p>"kind" is "raw-aes" (with "namespace", "name" and "key" in base64), "kms" (with "keyArn") or
 * "hierarchical" (with "keyStore" and "branchKeyId").
 */
final class Keyrings {
  private static final MaterialProviders PROVIDERS =
      MaterialProviders.builder()
          .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
          .build();
  private static final long CACHED_SECONDS = 60;

  private Keyrings() {}

  static IKeyring parse(JsonNode keyring) {
    String kind = keyring.required("kind").asText();
    return switch (kind) {
      case "raw-aes" -> rawAes(keyring);
      case "kms" -> kms(keyring);
      case "hierarchical" -> hierarchical(keyring);
      default -> throw new IllegalArgumentException("unknown keyring " + kind);
    };
  }

  private static IKeyring rawAes(JsonNode keyring) {
    byte[] key = Base64.getDecoder().decode(keyring.required("key").asText());
    return PROVIDERS.CreateRawAesKeyring(
        CreateRawAesKeyringInput.builder()
            .keyNamespace(keyring.required("namespace").asText())
            .keyName(keyring.required("name").asText())
            .wrappingKey(ByteBuffer.wrap(key))
            .wrappingAlg(AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16)
            .build());
  }

  private static IKeyring kms(JsonNode keyring) {
    return PROVIDERS.CreateAwsKmsKeyring(
        CreateAwsKmsKeyringInput.builder()
            .kmsKeyId(keyring.required("keyArn").asText())
            .kmsClient(Clients.kms())
            .build());
  }

  private static IKeyring hierarchical(JsonNode keyring) {
    return PROVIDERS.CreateAwsKmsHierarchicalKeyring(
        CreateAwsKmsHierarchicalKeyringInput.builder()
            .keyStore(BranchKeys.store(keyring.required("keyStore")))
            .branchKeyId(keyring.required("branchKeyId").asText())
            .ttlSeconds(CACHED_SECONDS)
            .build());
  }
}
