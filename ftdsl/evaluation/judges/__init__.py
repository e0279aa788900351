"""Scores that another model gives: how it is asked, read, put on trial and measured by people."""
