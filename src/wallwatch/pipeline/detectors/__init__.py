"""Detectors: cells in, spells out, no memory. One file each, defining DETECTOR."""
