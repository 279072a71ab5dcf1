SELECT * FROM cells ORDER BY hour, probe_cc, probe_asn, service, "function", layer, resolver_asn
