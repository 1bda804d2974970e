"""Why something does not run: every layer looked at, one sentence on top."""
