-- The verdicts from which something can be concluded: of a service's function, or of a named probe.
SELECT * FROM verdicts WHERE service IS NOT NULL OR probe_id IS NOT NULL
