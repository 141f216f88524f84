"""Counts, the p-values of counts, and checks made of both."""
