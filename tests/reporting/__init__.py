"""The report: what it counts, what it says, and the page in a browser."""
