"""Money: the sources of a year, the lines cut from them, what is committed to projects, and the ledger of what was done."""
