"""The published rules, one file a layer: each a sentence with its condition. In order of rank, then layer."""

RULES_VERSION = "1"
