"""Large files that arrive in parts: state on disk, offsets that are never taken back."""
