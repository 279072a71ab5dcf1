"""The nouns: frozen values that every other room passes on. No I/O, no clock, no opinion."""
