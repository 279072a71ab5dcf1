SELECT * FROM silences ORDER BY since, probe_id
