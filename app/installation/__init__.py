"""One installation: its database, its processes, its first accounts, its back-ups and its health."""
