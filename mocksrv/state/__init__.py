"""What changes: records, quotas, inbox, journal and clock, one world per sandbox."""
