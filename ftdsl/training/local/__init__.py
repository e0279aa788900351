"""Training on this machine, with TRL, in a process of its own."""
