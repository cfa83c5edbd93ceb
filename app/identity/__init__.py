"""Accounts, credentials, and the roles they hold in an area or for a party."""
