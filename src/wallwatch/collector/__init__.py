"""Receive measurements and archive them. It never judges, and never keeps where they came from."""
