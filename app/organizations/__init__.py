"""Social organizations: profile, capability, standing, and what their capacity is used for."""
