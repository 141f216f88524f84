import pytest
from kinds import Sample, sample

from fastgen import Config


@pytest.fixture(scope="session")
def big() -> Sample:
    """Enough of everything for statistics: 400,000 transactions, many attacks, many cards."""
    return sample(Config(rows=400_000, cards=40_000, seed=20_250_701, fraud={"ratio": 0.05}))


@pytest.fixture(scope="session")
def default() -> Sample:
    """What `fastgen generate` makes by default."""
    return sample(Config())
