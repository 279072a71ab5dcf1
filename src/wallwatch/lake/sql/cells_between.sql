SELECT * FROM cells WHERE hour >= $first AND hour <= $last AND ($cc IS NULL OR probe_cc = $cc)
