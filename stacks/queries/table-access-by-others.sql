-- Reads and writes of records and of branch keys by principals other than the functions' roles.
-- Parameters: first day (2026/05/01), last day (2026/05/31).
SELECT
    eventtime,
    eventname,
    errorcode,
    useridentity.arn AS principal,
    useridentity.invokedby AS through,
    resources,
    requestparameters,
    sourceipaddress,
    useragent,
    eventid
FROM data_events
WHERE
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND eventsource = 'dynamodb.amazonaws.com'
    AND any_match(resources, resource -> resource.arn IN (${table_arns}))
    AND coalesce(useridentity.sessioncontext.sessionissuer.arn, 'none') NOT IN (${role_arns})
ORDER BY eventtime
