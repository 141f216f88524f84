"""The places of the vocabularies, found by city, country and position."""

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fastgen.pools import Pools, microdegrees
from fastgen.schema import HOME_COUNTRY

SHIFT: Final = 1 << 32
"""More than any coordinate in millionths of a degree, so that a latitude and a longitude fit into one number."""


class Places:
    """All places, those at home first. Codes are positions in the list; -1 is no place."""

    def __init__(self, pools: Pools) -> None:
        self.home = pools.home
        self.names = [place.city for place in pools.places]
        self.latitude = np.array([microdegrees(place.latitude) for place in pools.places])
        self.longitude = np.array([microdegrees(place.longitude) for place in pools.places])
        self.cities = sorted(set(self.names))
        self.countries = sorted({place.country for place in pools.places} | {HOME_COUNTRY})
        self.city_of = np.searchsorted(self.cities, self.names)
        self.country_of = np.searchsorted(self.countries, [place.country for place in pools.places])
        self.home_country = self.countries.index(HOME_COUNTRY)
        keys = self._keys(self.latitude, self.longitude)
        self._order = np.argsort(keys)
        self._sorted = keys[self._order]

    def at(
        self,
        latitude: NDArray[np.int64],
        longitude: NDArray[np.int64],
        city: NDArray[np.int64],
        country: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """int64: the places with these coordinates (in millionths of a degree), cities and countries; -1 if there is none."""
        keys = self._keys(latitude, longitude)
        found = self._order[np.minimum(np.searchsorted(self._sorted, keys), self._sorted.size - 1)]
        right = (self.latitude[found] == latitude) & (self.longitude[found] == longitude)
        right &= (self.city_of[found] == city) & (self.country_of[found] == country)
        return np.where(right, found, -1)

    @cached_property
    def of_city(self) -> NDArray[np.int64]:
        """int64[cities, most]: the places at home that have each city's name, padded with -1."""
        held: list[list[int]] = [[] for _ in self.cities]
        for place in range(self.home):
            held[self.city_of[place]].append(place)
        most = max(map(len, held))
        return np.array([places + [-1] * (most - len(places)) for places in held])

    def nearest(
        self, city: NDArray[np.int64], latitude: NDArray[np.int64], longitude: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """int64 twice: how far positions are north and east of the nearest place at home with the city's name."""
        places = self.of_city[city]
        north = latitude[:, None] - self.latitude[places]
        east = longitude[:, None] - self.longitude[places]
        far = np.where(places < 0, SHIFT, np.maximum(np.abs(north), np.abs(east)))
        row, best = np.arange(city.size), far.argmin(axis=1)
        return north[row, best], east[row, best]

    def _keys(self, latitude: NDArray[np.int64], longitude: NDArray[np.int64]) -> NDArray[np.int64]:
        return latitude * SHIFT + longitude
