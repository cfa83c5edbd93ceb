"""One space of ids for buyers, committees, organizations, evaluators and funders."""
