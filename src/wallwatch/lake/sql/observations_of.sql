SELECT * FROM observations WHERE list_contains($uids, measurement_uid)
