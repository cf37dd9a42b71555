"""The detector's life cycle: training trigger, deployment gate, versions, champion and monitoring."""
