"""Personal data and secrets in texts: how they are recognised, and how they are shown masked."""
