"""The terminal view of a station at work: what rounds showed, what was noticed and concluded.

`Terminal` draws and redraws on a real terminal; `plain_lines` says the same for a file or a pipe. Both take
the documents of the JSON API (`/api/v1/strips`, `/incidents`, `/log`) and ask nobody anything.
"""

from wallwatch.terminal.live import Terminal
from wallwatch.terminal.plain import plain_lines

__all__ = ["Terminal", "plain_lines"]
