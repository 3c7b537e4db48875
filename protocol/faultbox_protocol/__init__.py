"""Faultbox protocol."""
