"""What to do next: from what a round left to at most five actions, each with its evidence."""
