"""From the first expression of interest to the award: intents, talks, term sheets, shortlist, awards."""
