"""The derived tables, as Delta tables that others can read too. All can be made again from the archive."""
