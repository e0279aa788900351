"""Mends data files: fixed copies, never the files themselves."""
