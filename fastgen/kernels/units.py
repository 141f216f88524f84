"""Units as whole numbers: an hour and a day in seconds, and the fractions of a second and of a degree.

They are here because kernels import nothing else of the package, and all the rest of it may import kernels.
"""

HOUR = 3_600
DAY = 86_400
MICROSECONDS = 1_000_000
"""In a second."""
MICRODEGREES = 1_000_000
"""In a degree."""
