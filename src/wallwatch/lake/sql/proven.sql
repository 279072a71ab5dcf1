-- For each incident, how many of the measurements that it counts as blocked are proven.
SELECT incidents.id, count(DISTINCT verdicts.measurement_uid) AS proven
FROM incidents
JOIN verdicts
  ON verdicts.service = incidents.service
 AND list_contains(incidents.functions, verdicts."function")
 AND list_contains(incidents.asns, verdicts.probe_asn)
 AND list_contains(incidents.ccs, verdicts.probe_cc)
 AND verdicts.measurement_start_time >= incidents.onset_earliest
 AND (incidents.end_latest IS NULL OR verdicts.measurement_start_time <= incidents.end_latest)
WHERE verdicts.role = 'probe' AND verdicts.outcome = 'blocked' AND verdicts.grade = 'proven'
GROUP BY incidents.id
