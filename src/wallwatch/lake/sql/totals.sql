SELECT
    count(*) AS measurements,
    count(DISTINCT coalesce(round, run_id)) FILTER (WHERE role = 'probe') AS rounds,
    count(DISTINCT (role, coalesce(probe_id, ''), probe_cc, probe_asn)) AS vantages
FROM measurements
