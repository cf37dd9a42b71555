"""From enough new annotations to production and back: trigger, gate, versions, champion, monitoring."""
