"""What annotated pages must satisfy before a detector learns from them: Great Expectations suites, and what they find."""
