"""Checks of single rows of the tables, and of their statistics; each class judges some columns."""
