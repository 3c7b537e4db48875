"""Digest: from a bundle in a pack to occurrence, signature, counters and ticket."""
