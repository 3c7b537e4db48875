"""One module per command; only the one asked for is imported, because imports stay resident."""
