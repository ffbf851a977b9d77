"""HTTP: one view for every vendor operation, and the admin API."""
