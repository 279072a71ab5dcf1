-- The probes' measurements to which controls may be joined that came later than they did. See controls_for.sql.
SELECT DISTINCT observations.measurement_uid
FROM observations
JOIN wanted
  ON observations.run_id = wanted.run_id
  OR (observations.target = wanted.target
      AND observations.measurement_start_time BETWEEN wanted.earliest AND wanted.latest)
WHERE observations.role = 'probe'
