"""What one cell may hold in a real list, and what it means. Pure: no file, no database."""
