-- Verdicts by what a user asks for. An empty list or a null asks for all.
SELECT *
FROM verdicts
WHERE (len($ccs) = 0 OR list_contains($ccs, probe_cc))
  AND (len($asns) = 0 OR list_contains($asns, probe_asn))
  AND (len($services) = 0 OR list_contains($services, service))
  AND (len($functions) = 0 OR list_contains($functions, "function"))
  AND (len($tests) = 0 OR list_contains($tests, test_name))
  AND (len($outcomes) = 0 OR list_contains($outcomes, outcome))
  AND ($since IS NULL OR measurement_start_time >= $since)
  AND ($until IS NULL OR measurement_start_time < $until)
ORDER BY measurement_start_time, measurement_uid, target
