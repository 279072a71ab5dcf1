-- The latest hours in which anybody measured anything.
SELECT date_trunc('hour', measurement_start_time) AS hour
FROM measurements
WHERE ($since IS NULL OR measurement_start_time >= $since)
  AND ($until IS NULL OR measurement_start_time < $until)
GROUP BY hour
ORDER BY hour DESC
LIMIT $most
