"""Faultbox collector."""
