package interop;

import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;

/** Clients of KMS and DynamoDB. Region, endpoint and credentials are those of the environment. */
final class Clients {
  private Clients() {}

  private static final class Kms {
    static final KmsClient CLIENT = KmsClient.create();
  }

  private static final class DynamoDb {
    static final DynamoDbClient CLIENT = DynamoDbClient.create();
  }

  static KmsClient kms() {
    return Kms.CLIENT;
  }

  static DynamoDbClient dynamoDb() {
    return DynamoDb.CLIENT;
  }
}
