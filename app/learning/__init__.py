"""What became of the pairs that were shown: fitted into a ranker that must beat the current one before it ranks."""
