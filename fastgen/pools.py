"""Vocabularies: names, mail domains and places, read once from Faker's word lists.

Faker provides lists, never rows. The lists change between its versions, so their digest is part of
what identifies a dataset.
"""

import hashlib
import json
from functools import cache, lru_cache
from math import fsum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastgen.schema import HOME_COUNTRY


class Place(NamedTuple):
    """A place, with its coordinates in decimal degrees as they are written in the list."""

    latitude: str
    longitude: str
    city: str
    country: str


class Pools(NamedTuple):
    """Everything that Faker contributes.

    first_names: the first `female` of them are female. first_weights, last_weights: of the names.
    places: the first `home` of them are at home (US).
    digest: SHA-256 of all of these, in hexadecimal. faker: the version that they come from.
    """

    first_names: tuple[str, ...]
    first_weights: tuple[float, ...]
    female: int
    last_names: tuple[str, ...]
    last_weights: tuple[float, ...]
    mail_domains: tuple[str, ...]
    places: tuple[Place, ...]
    home: int
    digest: str
    faker: str


class Alias(NamedTuple):
    """An alias table over n items: item i is kept if a 32-bit word is below threshold[i], else other[i] replaces it."""

    threshold: NDArray[np.uint64]
    other: NDArray[np.uint64]


@cache
def load_pools() -> Pools:
    """Read the vocabularies (Faker's import is most of the time)."""
    from importlib.metadata import version

    from faker.providers.geo import Provider as Geo
    from faker.providers.internet import Provider as Internet
    from faker.providers.person.en_US import Provider as Person

    female, male, last = Person.first_names_female, Person.first_names_male, Person.last_names
    places = sorted((Place(*row[:4]) for row in Geo.land_coords), key=lambda place: place.country != HOME_COUNTRY)
    content: dict[str, Any] = {
        "first_names": (*female, *male),
        "first_weights": (*female.values(), *male.values()),
        "female": len(female),
        "last_names": tuple(last),
        "last_weights": tuple(last.values()),
        "mail_domains": tuple(Internet.free_email_domains),
        "places": tuple(places),
        "home": sum(place.country == HOME_COUNTRY for place in places),
    }
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return Pools(**content, digest=digest, faker=version("faker"))


def alias_table(weights: tuple[float, ...]) -> Alias:
    """A table for Walker's alias method, built as Vose (1991) does: in one pass over lists of small and large items.

    Example:
        >>> alias_table((1.0, 3.0)).other.tolist()
        [1, 1]
    """
    n = len(weights)
    total = fsum(weights)  # not sum, which adds floats up in another way since Python 3.12
    scaled = [weight * n / total for weight in weights]
    threshold = np.full(n, 1 << 32, np.uint64)
    other = np.arange(n, dtype=np.uint64)
    small = [i for i, share in enumerate(scaled) if share < 1.0]
    large = [i for i, share in enumerate(scaled) if share >= 1.0]
    while small and large:
        poor, rich = small.pop(), large[-1]
        threshold[poor] = int(scaled[poor] * 2**32)
        other[poor] = rich
        scaled[rich] -= 1.0 - scaled[poor]
        if scaled[rich] < 1.0:
            small.append(large.pop())
    return Alias(threshold, other)


@lru_cache(4096)  # each dataset needs those of all places
def microdegrees(text: str) -> int:
    """A coordinate in millionths of a degree, from decimal degrees with at most six decimals.

    Example:
        >>> microdegrees("-119.0376")
        -119037600
    """
    whole, _, decimals = text.partition(".")
    value = int(whole.lstrip("-") + decimals.ljust(6, "0"))
    return -value if text.startswith("-") else value
