"""The one layout of a spec."""
