"""From measurements to conclusions, as pure functions: no network, no file, no clock, no environment."""
