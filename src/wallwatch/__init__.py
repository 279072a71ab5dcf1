"""wallwatch: measure censorship function by function, beside a control."""

__version__ = "0.1.0.dev0"
