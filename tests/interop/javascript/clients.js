// Clients of KMS and DynamoDB. Region, endpoint and credentials are those of the environment.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMS } from "@aws-sdk/client-kms";

export const dynamoDb = new DynamoDBClient({});
export const kms = new KMS({});
