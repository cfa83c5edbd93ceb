"""What residents need: collected, merged, turned into projects, answered or rejected; surveys of groups and dimensions."""
