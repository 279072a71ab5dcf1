"""The seam to the network, the steps built on it, and the trace that records each step."""
