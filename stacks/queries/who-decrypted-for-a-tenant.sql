-- Who decrypted records or objects of a tenant, or opened or moved its branch keys, which ones and from where.
-- Parameters: first day (2026/05/01), last day (2026/05/31), from (2026-05-01T08:00:00Z), to, tenant.
-- A file is filed under the day on which it was delivered: let the days begin and end one earlier and later.
SELECT
    eventtime,
    useridentity.arn AS principal,
    useridentity.sessioncontext.sessionissuer.arn AS role,
    coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["branch-key-id"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["branch-key-id"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["object-tenant"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["object-tenant"]')
    ) AS tenant,
    json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.record"]') AS record,
    coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["object-id"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["object-id"]')
    ) AS object_id,
    coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["type"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["type"]')
    ) AS branch_key,
    eventname,
    errorcode,
    sourceipaddress,
    useragent,
    eventid
FROM management_events
WHERE
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND eventsource = 'kms.amazonaws.com'
    AND eventname IN ('Decrypt', 'ReEncrypt')
    AND eventtime BETWEEN ? AND ?
    AND ? IN (
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-ec:tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["branch-key-id"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["aws-crypto-ec:tenant"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["branch-key-id"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["object-tenant"]'),
        json_extract_scalar(requestparameters, '$.sourceEncryptionContext["object-tenant"]')
    )
ORDER BY eventtime
