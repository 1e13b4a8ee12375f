"""Questions about an incident: one file each, pure functions from tables to results."""
