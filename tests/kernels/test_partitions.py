"""Partitions are those of the Java producer; messages of a partition keep their order."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastgen.kernels.memory import SLACK
from fastgen.kernels.partitions import key_partitions, order_by_partition

# From the tests of Apache Kafka's Java client (UtilsTest.testMurmur2): signed 32-bit hashes.
JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


def partitions_of(keys: list[bytes], count: int) -> list[int]:
    partitions = np.full(len(keys), -1, np.int32)
    ends = np.array(naive.running([len(key) for key in keys]), np.int64)
    key_partitions(partitions, np.frombuffer(b"".join(keys) + bytes(SLACK), np.uint8), ends, count)
    return partitions.tolist()


@pytest.mark.parametrize("count", [1, 2, 7, 4096, 2**31 - 1])
def test_as_java_hashes(count: int) -> None:
    assert partitions_of(list(JAVA), count) == [(value & 0x7FFFFFFF) % count for value in JAVA.values()]
    assert [naive.murmur2(key) for key in JAVA] == [value % 2**32 for value in JAVA.values()]


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 5000))
def test_keys_of_any_length(keys: list[bytes], count: int) -> None:
    assert partitions_of(keys, count) == [(naive.murmur2(key) & 0x7FFFFFFF) % count for key in keys]


@given(st.lists(st.integers(0, 6), max_size=60), st.data())
def test_order_by_partition_is_a_stable_sort(partitions: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(partitions)))
    stop = data.draw(st.integers(first, len(partitions)))
    order, starts = np.full(stop - first, -1, np.int32), np.full(8, -1, np.int64)
    order_by_partition(order, starts, np.array(partitions, np.int32), first)
    assert order.tolist() == sorted(range(first, stop), key=partitions.__getitem__)
    counts = [partitions[first:stop].count(partition) for partition in range(7)]
    assert starts.tolist() == naive.running(counts)
