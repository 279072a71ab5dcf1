SELECT * FROM verdicts WHERE list_contains($uids, measurement_uid) ORDER BY measurement_uid, target
