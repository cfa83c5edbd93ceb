"""Rank organizations for projects, and plan who meets whom."""
