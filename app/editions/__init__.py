"""One yearly edition of the fair: its windows, its rules in figures, and the calendar of working days."""
