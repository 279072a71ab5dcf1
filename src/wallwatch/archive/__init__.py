"""Raw measurements as received, kept for good. Only this room knows how they are stored; it never judges."""
