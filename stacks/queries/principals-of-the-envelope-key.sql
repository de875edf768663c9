-- Which principals used the envelope key, for what and how often. Whatever is not one of our roles is news.
-- Parameters: first day (2026/05/01), last day (2026/05/31), from (2026-05-01T08:00:00Z), to.
-- A file is filed under the day on which it was delivered: let the days begin and end one earlier and later.
SELECT
    coalesce(useridentity.sessioncontext.sessionissuer.arn, useridentity.arn, useridentity.invokedby) AS principal,
    useridentity.type AS kind,
    eventname,
    errorcode,
    count(*) AS calls,
    min(eventtime) AS first_call,
    max(eventtime) AS last_call
FROM management_events
WHERE
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND eventsource = 'kms.amazonaws.com'
    AND eventtime BETWEEN ? AND ?
    AND any_match(resources, resource -> resource.arn = '${envelope_key_arn}')
    AND eventname IN (
        'Decrypt', 'Encrypt', 'ReEncrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext',
        'GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'
    )
GROUP BY 1, 2, 3, 4
ORDER BY calls DESC
