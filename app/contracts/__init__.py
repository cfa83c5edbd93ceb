"""What was agreed: contracts, their signatures, money, milestones, services delivered, and how they end."""
