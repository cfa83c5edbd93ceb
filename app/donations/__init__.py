"""Charity resources: money, goods, rooms and services that were given, what for, and what became of them."""
