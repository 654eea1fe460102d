"""What a report reads, and what it derives from that."""
