"""What notices faults outside a Python program; no source knows another."""
