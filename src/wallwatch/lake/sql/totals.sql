SELECT
    count(*) AS measurements,
    count(DISTINCT coalesce(round, run_id)) AS rounds,
    count(DISTINCT (role, coalesce(probe_id, ''), probe_cc, probe_asn)) AS vantages
FROM measurements
