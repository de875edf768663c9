-- Calls to decrypt that failed or were refused. A refusal may name the key in its message alone, or not at all.
-- Parameters: first day (2026/05/01), last day (2026/05/31), from (2026-05-01T08:00:00Z), to.
-- A file is filed under the day on which it was delivered: let the days begin and end one earlier and later.
SELECT
    eventtime,
    eventname,
    errorcode,
    errormessage,
    useridentity.arn AS principal,
    coalesce(
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-attr.tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["aws-crypto-ec:tenant"]'),
        json_extract_scalar(requestparameters, '$.encryptionContext["object-tenant"]')
    ) AS tenant,
    sourceipaddress,
    useragent,
    eventid
FROM management_events
WHERE
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND eventsource = 'kms.amazonaws.com'
    AND eventname IN ('Decrypt', 'ReEncrypt')
    AND errorcode IS NOT NULL
    AND eventtime BETWEEN ? AND ?
    AND (
        any_match(resources, resource -> resource.arn IN (${key_arns}))
        OR strpos(errormessage, '${envelope_key_arn}') > 0
        OR strpos(errormessage, 'associated with this ciphertext') > 0
    )
ORDER BY eventtime
