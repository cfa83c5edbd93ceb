"""The catalogue: coded lists with labels in both languages, purchase items, responsibility lists."""
