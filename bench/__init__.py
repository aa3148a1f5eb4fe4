"""Measurements and simulations; nothing here is deployed."""
