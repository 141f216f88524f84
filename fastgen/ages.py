"""Ages of card holders: whole years on a day, and which birthdates give which ages."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from fastgen.config import Config

OLDEST = 200
"""Greatest age in years that is computed."""


def years_before(moment: date, years: int) -> date:
    """Return the same day some years earlier; 29 February becomes 28 February in common years.

    Somebody born later than that day, even on 1 March, has not had that many birthdays yet.

    Example:
        >>> years_before(date(2024, 2, 29), 1)
        datetime.date(2023, 2, 28)
    """
    try:
        return moment.replace(year=moment.year - years)
    except ValueError:
        return date(moment.year - years, 2, 28)


def possible_births(config: Config) -> tuple[date, int]:
    """Return the first possible birthdate of a holder and the number of possible days; ages are those at the dataset's start."""
    start, ages = config.start.date(), config.ages
    first = years_before(start, ages.high + 1) + timedelta(days=1)
    return first, (years_before(start, ages.low) - first).days + 1


def ages_at(day: date, births: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ages in whole years on a day, as int64; births are days since 1970, and -1 means not born yet.

    Example:
        >>> ages_at(date(1988, 1, 1), np.array([0, 1, -366, 6573, 6574, 6575])).tolist()
        [18, 17, 19, 0, 0, -1]
    """
    most = min(day.year - 1, OLDEST)
    birthdays = [(years_before(day, years) - date(1970, 1, 1)).days for years in range(most, -1, -1)]
    return most - np.searchsorted(birthdays, births)
