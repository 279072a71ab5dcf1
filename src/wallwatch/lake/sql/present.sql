-- Which of these measurements have rows already.
SELECT DISTINCT measurement_uid FROM observations WHERE list_contains($uids, measurement_uid)
