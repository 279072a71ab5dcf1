-- Who measured, from where, and when it was heard. A probe that moved to another network has a row for each.
SELECT
    coalesce(probe_id, '') AS probe_id,
    role,
    probe_cc,
    probe_asn,
    coalesce(arg_max(probe_network_name, measurement_start_time), '') AS network,
    arg_max(access_type, measurement_start_time) AS access_type,
    min(measurement_start_time) AS first_word,
    max(measurement_start_time) AS last_word,
    count(*) AS measurements
FROM measurements
GROUP BY ALL
ORDER BY probe_cc, probe_asn, probe_id, role
