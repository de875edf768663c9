-- Every change of the three keys, of their policies, aliases and grants.
-- Parameters: first day (2026/05/01), last day (2026/05/31), from (2026-05-01T08:00:00Z), to.
-- A file is filed under the day on which it was delivered: let the days begin and end one earlier and later.
SELECT
    eventtime,
    eventname,
    errorcode,
    useridentity.arn AS principal,
    useridentity.invokedby AS through,
    resources,
    requestparameters,
    sourceipaddress,
    eventid
FROM management_events
WHERE
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND eventsource = 'kms.amazonaws.com'
    AND readonly = 'false'
    AND eventtime BETWEEN ? AND ?
    AND any_match(resources, resource -> resource.arn IN (${key_arns}))
ORDER BY eventtime
