"""Sweeps: trainings of many settings, each kept and scored, and which of them is best."""
