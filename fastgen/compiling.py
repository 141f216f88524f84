"""The kernels that a first run needs, in two halves, which two processes compile in about half of the time.

Each process compiles the kernels that it calls, and finds on disk what the other has compiled.
"""

from typing import Final

import numpy as np

from fastgen.config import Config
from fastgen.dataset import Dataset
from fastgen.digest import HolderDigests, TransactionDigests
from fastgen.plan import Plan
from fastgen.schema import CREDIT_CARDS, PROFILES, TRANSACTIONS
from fastgen.sections import Atm, Fraud
from fastgen.sinks.files import write
from fastgen.sinks.jobs import Format
from fastgen.workers import NO_DIGESTS, Worker

SAMPLE_ROWS: Final = 1_000


def compile_first_half(plan: Plan) -> None:
    """Compile what makes events and digests, the digests first, before the other process gets to them."""
    worker = Worker(plan)
    worker.compile_first()
    TransactionDigests(plan, TRANSACTIONS.names).of(worker.rows, NO_DIGESTS)
    worker.count(0)
    for table in (CREDIT_CARDS, PROFILES):
        HolderDigests(plan, table.name, table.names).of(range(1))


def compile_second_half(format: Format, folder: str) -> None:
    """Compile what makes and writes rows, by writing some to a folder, but nothing that the plan of a usual dataset needs."""
    data = Dataset(Config(rows=SAMPLE_ROWS, fraud=Fraud(ratio=0), atm=Atm(cards=0)))
    plan = data.plan
    # Set directly, as the other process compiles the kernels that count.
    plan.payment_offsets = np.minimum(np.arange(plan.grid.groups * plan.grid.windows_per_group + 1), 1) * plan.payments
    write(data, folder, format=format, threads=1)
