"""Readers of table files from any writer: memory stays flat, and damaged rows are reported rather than fatal."""
