"""Trains the sample runs of bestrun that are made with Python."""
