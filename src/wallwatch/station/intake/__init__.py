"""Files of other people into the archive: found, unpacked, split, taken in or quarantined. Bounded memory."""
