"""Areas: city, districts, streets and communities, with codes, former names and aliases."""
