"""The lab: a virtual internet on one machine, without root, with a censor in it whose truth is known."""
