"""What the machine gives: cores, locks, files that are never half written, the console."""
