"""The commands: one file each, each defining COMMAND. Heavy imports stay inside the functions.

A command reads its options, calls one room, prints. Machine output goes to standard output as JSON lines,
all else to standard error.
"""
