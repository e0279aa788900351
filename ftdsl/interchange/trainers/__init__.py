"""Trainings as configurations of other trainers: every intent is mapped, or refused with why."""
