"""Bytes to values and back, for every protocol the project speaks. No socket, no clock, no opinion.

A parser returns a value or raises ValueError; `Incomplete` is the ValueError that more bytes may cure.
"""
