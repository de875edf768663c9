import static software.amazon.cryptography.dbencryptionsdk.structuredencryption.model.CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT;

import java.util.List;
import java.util.Map;
import software.amazon.awssdk.enhanced.dynamodb.document.EnhancedDocument;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.DynamoDbItemEncryptor;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DecryptItemInput;
import software.amazon.cryptography.dbencryptionsdk.dynamodb.itemencryptor.model.DynamoDbItemEncryptorConfig;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsHierarchicalKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;

/** Prints a record as JSON, by AWS's libraries alone. README.md beside this file says how to run it. */
class ReadRecord {
  public static void main(String[] given) {
    String keyArn = given[0], table = given[1], keyStoreTable = given[2], tenant = given[3], record = given[4];
    DynamoDbClient dynamoDb = DynamoDbClient.create();
    KmsClient kms = KmsClient.create();
    MaterialProviders providers = MaterialProviders.builder()
        .MaterialProvidersConfig(MaterialProvidersConfig.builder().build()).build();

    // Key strategy `record`: KMS itself wrapped the record's data key.
    var ofRecord = providers.CreateAwsKmsKeyring(
        CreateAwsKmsKeyringInput.builder().kmsKeyId(keyArn).kmsClient(kms).build());
    // Key strategy `tenant`: its branch key did. The logical name is the setting `logical_key_store`.
    var keyStore = KeyStore.builder().KeyStoreConfig(KeyStoreConfig.builder()
        .ddbClient(dynamoDb).ddbTableName(keyStoreTable).logicalKeyStoreName("branch-keys").kmsClient(kms)
        .kmsConfiguration(KMSConfiguration.builder().kmsKeyArn(keyArn).build()).build()).build();
    var ofTenant = providers.CreateAwsKmsHierarchicalKeyring(CreateAwsKmsHierarchicalKeyringInput.builder()
        .keyStore(keyStore).branchKeyId(tenant).ttlSeconds(300).build());
    var either = providers.CreateMultiKeyring(CreateMultiKeyringInput.builder()
        .generator(ofRecord).childKeyrings(List.of(ofTenant)).build());

    // The logical table name is the setting `logical_table`. What else is encrypted, the record itself says.
    var actions = Map.of("tenant", SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
        "record", SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT);
    var configuration = DynamoDbItemEncryptorConfig.builder()
        .logicalTableName("records").partitionKeyName("tenant").sortKeyName("record")
        .attributeActionsOnEncrypt(actions).keyring(either).build();
    var encryptor = DynamoDbItemEncryptor.builder().DynamoDbItemEncryptorConfig(configuration).build();

    var key = Map.of("tenant", AttributeValue.fromS(tenant), "record", AttributeValue.fromS(record));
    var stored = dynamoDb.getItem(request -> request.tableName(table).key(key)).item();
    var decrypted = encryptor.DecryptItem(DecryptItemInput.builder().encryptedItem(stored).build());
    System.out.println(EnhancedDocument.fromAttributeValueMap(decrypted.plaintextItem()).toJson());
  }
}
