-- Incidents by what a user asks for. An empty list or a null asks for all; times ask for an overlap.
SELECT *
FROM incidents
WHERE (len($ccs) = 0 OR list_has_any($ccs, ccs))
  AND (len($asns) = 0 OR list_has_any($asns, asns))
  AND (len($services) = 0 OR list_contains($services, service))
  AND (len($functions) = 0 OR list_has_any($functions, functions))
  AND (len($kinds) = 0 OR list_contains($kinds, kind))
  AND (len($states) = 0 OR list_contains($states, state))
  AND ($since IS NULL OR end_latest IS NULL OR end_latest >= $since)
  AND ($until IS NULL OR onset_earliest < $until)
ORDER BY onset_latest, id
