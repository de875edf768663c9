-- Every change of the functions, and of the roles and policies that they work with. IAM's events are in us-east-1
-- (in China and in the isolated partitions in another Region: change it here).
-- Parameters: first day (2026/05/01), last day (2026/05/31).
SELECT
    eventtime,
    eventsource,
    eventname,
    errorcode,
    useridentity.arn AS principal,
    requestparameters,
    sourceipaddress,
    eventid
FROM management_events
WHERE
    region IN ('${region}', 'us-east-1')
    AND day BETWEEN ? AND ?
    AND readonly = 'false'
    AND (
        (
            eventsource = 'iam.amazonaws.com'
            AND (
                json_extract_scalar(requestparameters, '$.roleName') IN (${roles})
                OR json_extract_scalar(requestparameters, '$.roleName') LIKE '${stacks}%'
                OR json_extract_scalar(requestparameters, '$.policyArn') LIKE '%:policy/${stacks}%'
            )
        )
        OR (
            eventsource = 'lambda.amazonaws.com'
            AND regexp_like(
                json_extract_scalar(requestparameters, '$.functionName'), '(^|:)(${functions})($|:)'
            )
        )
    )
ORDER BY eventtime
