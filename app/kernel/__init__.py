"""What every domain stands on: database, errors, lifecycle, journal, jobs. It knows no domain and no web."""
