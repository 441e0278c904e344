"""Remedies, and trials that prove them."""
