"""Existing data compared with what their configuration makes: files row by row, topics message by message."""
