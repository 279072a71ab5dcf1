"""The control vantage: measures the probe's targets where the censor is not, and hosts the neutral twins."""
