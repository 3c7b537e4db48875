"""Faultbox agent."""
