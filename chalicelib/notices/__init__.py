"""Tells people and services of what took place: letters, webhooks, and the links in them."""
