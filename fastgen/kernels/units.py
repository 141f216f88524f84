"""Units in whole numbers: stretches of time in seconds, and what a second or a degree has of smaller ones.

They stand here because kernels know nothing of the package, and all the rest of it may know kernels.
"""

HOUR = 3_600
DAY = 86_400
MICROSECONDS = 1_000_000
"""Of a second."""
MICRODEGREES = 1_000_000
"""Of a degree."""
