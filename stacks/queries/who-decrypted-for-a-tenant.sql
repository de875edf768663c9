-- Who decrypted records of a tenant, or opened its branch key, which ones and from where.
-- Parameters: first day (2026/05/01), last day (2026/05/31), from (2026-05-01T08:00:00Z), to, tenant.
-- A file is filed under the day on which it was delivered: let the days begin and end one earlier and later.
SELECT
    eventtime,
    useridentity.arn AS principal,
    useridentity.sessioncontext.sessionissuer.arn AS role,
    coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-ec:tenant"]')
    ) AS tenant,
    json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.record"]') AS record,
    json_extract_scalar(requestparameters, '$.encryptionContext["type"]') AS branch_key,
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
    AND coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-ec:tenant"]')
    ) = ?
ORDER BY eventtime
