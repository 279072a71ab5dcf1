-- What was read of each nettest.
SELECT
    test_name,
    count(DISTINCT measurement_uid) AS measurements,
    count(*) AS observations
FROM observations
GROUP BY test_name
ORDER BY test_name
