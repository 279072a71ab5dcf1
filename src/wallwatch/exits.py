"""The exit statuses of every command."""

DONE = 0
BAD_ANSWER = 1  # it ran, and the answer is bad
WRONG_USE = 2
CANNOT_HERE = 3  # this machine cannot
CANNOT_TELL = 4  # `check` found failures that it cannot call blocked
INTERRUPTED = 130  # Ctrl-C
