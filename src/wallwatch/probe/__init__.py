"""The probe: which experiment when, trials when something fails, consent before anything is sent."""
