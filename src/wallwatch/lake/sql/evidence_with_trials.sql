-- The evidence of one incident's series and time that rests on trials.
SELECT *
FROM evidence
WHERE role = 'probe' AND trials_json <> '[]'
  AND service = $service
  AND list_contains($functions, "function")
  AND list_contains($asns, probe_asn)
  AND measurement_start_time >= $since
  AND ($until IS NULL OR measurement_start_time <= $until)
