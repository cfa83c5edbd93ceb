"""Funded service projects, from the draft to the archive."""
