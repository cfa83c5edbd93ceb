"""Volunteers: who they are as far as the fair must know, the hours they gave, and the account these hours lie in."""
