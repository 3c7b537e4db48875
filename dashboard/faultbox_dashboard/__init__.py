"""Faultbox dashboard."""
