"""Pages and JSON API. A handler parses, calls one query of the Reader, renders. No query is written here."""
