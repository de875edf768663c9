-- Every change of the trail, of the archive's buckets and of the objects' bucket.
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
    region = '${region}'
    AND day BETWEEN ? AND ?
    AND readonly = 'false'
    -- Where the trail is this deployment's own, its files hold the writing of objects too.
    AND eventcategory = 'Management'
    AND (
        (
            eventsource = 'cloudtrail.amazonaws.com'
            AND coalesce(
                json_extract_scalar(requestparameters, '$.name'),
                json_extract_scalar(requestparameters, '$.trailName')
            ) IN ('${trail}', '${trail_arn}')
        )
        OR (
            eventsource = 's3.amazonaws.com'
            AND json_extract_scalar(requestparameters, '$.bucketName') IN (
                '${archive}', '${access_logs}', '${objects}'
            )
        )
    )
ORDER BY eventtime
