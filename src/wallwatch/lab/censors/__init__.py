"""The censors: one file each, each defining CENSOR (lab/censor.py). Private modules are shared."""
