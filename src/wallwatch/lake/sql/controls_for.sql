-- The control measurements that may be joined to probes: of their runs, or about their targets at about their time.
-- `wanted`: run_id, target, earliest, latest. The pipeline chooses among them.
SELECT DISTINCT observations.measurement_uid
FROM observations
JOIN wanted
  ON observations.run_id = wanted.run_id
  OR (observations.target = wanted.target
      AND observations.measurement_start_time BETWEEN wanted.earliest AND wanted.latest)
WHERE observations.role = 'control'
