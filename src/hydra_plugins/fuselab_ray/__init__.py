"""Hydra launcher on Ray."""
