"""Files that neither a crash nor another process leaves half written, and locks."""
