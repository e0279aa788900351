"""What steps produce and reports print: frozen, typed, JSON in and out."""
