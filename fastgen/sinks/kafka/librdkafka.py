"""librdkafka, the C library inside the confluent-kafka wheel, called without a Python object per message.

Only librdkafka's stable API is used, on separate handles. A kernel enqueues whole batches, and compiled code counts delivery
reports, both without the GIL.
"""

import ctypes
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import confluent_kafka.cimpl
import llvmlite.binding as llvm
import numpy as np
from numba import carray, types
from numpy.typing import NDArray

from fastgen.errors import NOT_GIVEN, KafkaError, OptionError
from fastgen.kernels.jit import callback, kernel
from fastgen.sinks.kafka.messages import Messages
from fastgen.sinks.kafka.sender import DeliveryCounts, RefusedError

_LIBRARY = ctypes.CDLL(confluent_kafka.cimpl.__file__)
_CALLED_BY_KERNELS = ("rd_kafka_produceva", "rd_kafka_error_code", "rd_kafka_error_destroy")
for _name in _CALLED_BY_KERNELS:
    # By name, not by address: machine code cached on disk must not contain an address of this process.
    llvm.add_symbol(_name, ctypes.cast(getattr(_LIBRARY, _name), ctypes.c_void_p).value)

_produceva = types.ExternalFunction("rd_kafka_produceva", types.uint64(types.uint64, types.uint64, types.uint64))
_error_code = types.ExternalFunction("rd_kafka_error_code", types.int32(types.uint64))
_error_destroy = types.ExternalFunction("rd_kafka_error_destroy", types.void(types.uint64))

QUEUE_FULL: Final = -184
PURGE_ALL: Final = 3
"""RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT: messages in queues and those in flight."""

# rd_kafka_vtype_t
_PARTITION, _VALUE, _KEY, _OPAQUE, _MSGFLAGS, _TIMESTAMP, _TOPIC = 3, 4, 5, 6, 7, 8, 2
_COPY = 2

# Layout of the counts of delivery reports, int64: delivered, failed, failed by code, delivered by partition.
DELIVERED, FAILED, CODES, PARTITIONS = 0, 1, 2, 1026
_MIDDLE = 512
"""The position of code 0 among the codes: the library's own are negative, the broker's positive."""


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_LIBRARY, name)
    function.restype, function.argtypes = result, arguments
    return function


_pointer, _text = ctypes.c_void_p, ctypes.c_char_p
_conf_new = _function("rd_kafka_conf_new", _pointer)
_conf_set = _function("rd_kafka_conf_set", ctypes.c_int, _pointer, _text, _text, _text, ctypes.c_size_t)
_conf_destroy = _function("rd_kafka_conf_destroy", None, _pointer)
_conf_set_dr_msg_cb = _function("rd_kafka_conf_set_dr_msg_cb", None, _pointer, _pointer)
_conf_set_log_cb = _function("rd_kafka_conf_set_log_cb", None, _pointer, _pointer)
_conf_set_opaque = _function("rd_kafka_conf_set_opaque", None, _pointer, _pointer)
_new = _function("rd_kafka_new", _pointer, ctypes.c_int, _pointer, _text, ctypes.c_size_t)
_destroy = _function("rd_kafka_destroy", None, _pointer)
_topic_new = _function("rd_kafka_topic_new", _pointer, _pointer, _text, _pointer)
_topic_destroy = _function("rd_kafka_topic_destroy", None, _pointer)
_poll = _function("rd_kafka_poll", ctypes.c_int, _pointer, ctypes.c_int)
_flush = _function("rd_kafka_flush", ctypes.c_int, _pointer, ctypes.c_int)
_purge = _function("rd_kafka_purge", ctypes.c_int, _pointer, ctypes.c_int)
_outq_len = _function("rd_kafka_outq_len", ctypes.c_int, _pointer)
_err2str = _function("rd_kafka_err2str", _text, ctypes.c_int)
_mock_cluster = _function("rd_kafka_handle_mock_cluster", _pointer, _pointer)
_mock_bootstraps = _function("rd_kafka_mock_cluster_bootstraps", _text, _pointer)
_mock_topic_create = _function("rd_kafka_mock_topic_create", ctypes.c_int, _pointer, _text, ctypes.c_int, ctypes.c_int)
_err2name = _function("rd_kafka_err2name", _text, ctypes.c_int)


@callback(types.void(types.voidptr, types.CPointer(types.int64), types.CPointer(types.int64)))
def _count_delivery(_handle: Any, message: Any, counts: Any) -> None:
    """Count a delivery report. rd_kafka_message_t begins with the error; its third word begins with the partition."""
    words = carray(message, (3,))
    counted = carray(counts, (1 << 20,))
    code = np.int32(words[0] & 0xFFFFFFFF)
    if code == 0:
        counted[DELIVERED] += 1
        counted[PARTITIONS + (words[2] & 0xFFFFFFFF)] += 1
    else:
        counted[FAILED] += 1
        counted[CODES + code + _MIDDLE] += 1


@callback(types.void(types.voidptr, types.int32, types.voidptr, types.voidptr))
def _say_nothing(_handle: Any, _level: Any, _facility: Any, _line: Any) -> None:
    """Discard the library's log lines; what matters is in the errors of messages."""


# Here and not in fastgen/kernels, because it shares the layout of `arguments` and the symbols above with the rest of this module.
# Cached code cannot be stale: numba notices when this file changes, and nothing is inlined from other ones.
@kernel
def enqueue(
    handle: Any,
    arguments: Any,
    at: Any,
    values: Any,
    value_ends: Any,
    keys: Any,
    key_ends: Any,
    times: Any,
    order: Any,
    starts: Any,
    done: Any,
) -> Any:
    """Enqueue messages, grouped by partition, from position `done` of `order` on.

    Args:
        handle: rd_kafka_t*. arguments: uint64[7, 9], an rd_kafka_vu_t each; `at`: its address. Topic and flags are already set.
        values, keys: addresses of the texts; value_ends, key_ends: int64[n + 1]. times: int64[n], 0 for now.
        order: see `order_by_partition`. starts: int64[partitions, 2], ranges of `order`, empty for partitions to skip.

    Returns:
        The position after the last message that was accepted, and an error code, 0 if all were.
    """
    for partition in range(starts.shape[0]):
        first, stop = starts[partition, 0], starts[partition, 1]
        arguments[5, 1] = partition
        for position in range(max(first, done), stop):
            i = order[position]
            arguments[2, 1] = values + value_ends[i]
            arguments[2, 2] = value_ends[i + 1] - value_ends[i]
            arguments[3, 1] = keys + key_ends[i]
            arguments[3, 2] = key_ends[i + 1] - key_ends[i]
            arguments[4, 1] = times[i]
            error = _produceva(handle, at, arguments.shape[0])
            if error != 0:
                code = _error_code(error)
                _error_destroy(error)
                return position, code
    return order.size, np.int32(0)


def explain(code: int) -> str:
    """The library's description and name of an error code."""
    return f"{_err2str(code).decode()} ({_err2name(code).decode()})"


def configured(settings: Mapping[str, str]) -> int:
    """Make an rd_kafka_conf_t*, for a handle to take over.

    Raises:
        OptionError: a setting is unknown to the library, or it refuses the value.
    """
    conf = int(_conf_new())
    reason = ctypes.create_string_buffer(512)
    for name, value in settings.items():
        if _conf_set(conf, name.encode(), value.encode(), reason, len(reason)):
            _conf_destroy(conf)
            # Without the value: under a misspelt name it may be a secret. The library itself shows values that it knows are not.
            raise OptionError(f"client setting {name}", NOT_GIVEN, f"is refused: {reason.value.decode()}")
    if "debug" not in settings:
        _conf_set_log_cb(conf, _say_nothing.address)
    return conf


def check(settings: Mapping[str, str]) -> None:
    """Raise an OptionError for a setting that the library refuses."""
    _conf_destroy(configured(settings))


class CompiledSender:
    """A sender that hands over messages in batches; see `Sender`."""

    backend: ClassVar = "compiled"

    def __init__(self, settings: Mapping[str, str], topic: str, partitions: int, with_key: bool) -> None:
        conf = configured(settings)
        self._counts = np.zeros(PARTITIONS + partitions, np.int64)
        _conf_set_opaque(conf, self._counts.ctypes.data)
        _conf_set_dr_msg_cb(conf, _count_delivery.address)
        reason = ctypes.create_string_buffer(512)
        self._handle = _new(0, conf, reason, len(reason))
        if not self._handle:
            _conf_destroy(conf)
            raise OptionError("client settings", NOT_GIVEN, f"are refused: {reason.value.decode()}")
        self._topic = _topic_new(self._handle, topic.encode(), None)
        kinds = [_TOPIC, _MSGFLAGS, _VALUE, _KEY, _TIMESTAMP, _PARTITION, _OPAQUE]
        self._arguments = np.zeros((len(kinds), 9), np.uint64)
        self._arguments[:, 0] = kinds
        self._arguments[0, 1], self._arguments[1, 1] = self._topic, _COPY
        self._with_key, self._stopped = with_key, False
        self.taken = 0

    def send(self, messages: Messages, times: NDArray[np.int64], order: NDArray[np.int32], ranges: NDArray[np.int64]) -> None:
        """See `Sender.send`."""
        done, before = int(ranges[:, 0].min()), self.taken
        values, keys = messages.values, messages.keys
        while done < order.size and not self._stopped:
            done, code = enqueue(
                self._handle,
                self._arguments,
                self._arguments.ctypes.data,
                values.memory.ctypes.data,
                values.ends,
                keys.memory.ctypes.data if self._with_key else 0,
                keys.ends,
                times,
                order,
                ranges,
                done,
            )
            self.taken = before + int(np.clip(done - ranges[:, 0], 0, ranges[:, 1] - ranges[:, 0]).sum())
            if code not in (0, QUEUE_FULL):
                raise RefusedError(explain(code))
            if code == QUEUE_FULL:
                self.poll(20)
        self.poll(0)

    def poll(self, milliseconds: int) -> None:
        """See `Sender.poll`."""
        _poll(self._handle, milliseconds)

    @property
    def waiting(self) -> int:
        """Messages that have no delivery report yet."""
        return int(_outq_len(self._handle))

    def flush(self, milliseconds: int) -> int:
        """See `Sender.flush`."""
        _flush(self._handle, milliseconds)
        return self.waiting

    def stop(self) -> None:
        """See `Sender.stop`."""
        self._stopped = True

    def purge(self) -> None:
        """See `Sender.purge`."""
        _purge(self._handle, PURGE_ALL)
        self.flush(1000)

    @property
    def counts(self) -> DeliveryCounts:
        """The delivery reports so far."""
        codes = np.flatnonzero(self._counts[CODES:PARTITIONS])
        errors = {explain(int(code) - _MIDDLE): int(self._counts[CODES + code]) for code in codes}
        return DeliveryCounts(int(self._counts[DELIVERED]), int(self._counts[FAILED]), errors, self._counts[PARTITIONS:].copy())

    def close(self) -> None:
        """Release the handle."""
        if self._handle:
            _topic_destroy(self._topic)
            _destroy(self._handle)
            self._handle = None


class MockCluster:
    """A mock cluster in this process, with these topics and numbers of partitions. It discards most of what it receives."""

    def __init__(self, topics: Mapping[str, int]) -> None:
        conf, reason = configured({"test.mock.num.brokers": "1"}), ctypes.create_string_buffer(512)
        self._handle = _new(0, conf, reason, len(reason))
        if not self._handle:
            _conf_destroy(conf)
            raise KafkaError(f"the cluster inside this process cannot be made: {reason.value.decode()}")
        cluster = _mock_cluster(self._handle)
        for topic, partitions in topics.items():
            _mock_topic_create(cluster, topic.encode(), partitions, 1)
        self.address: str = _mock_bootstraps(cluster).decode()

    def close(self) -> None:
        """Stop the cluster."""
        _destroy(self._handle)
