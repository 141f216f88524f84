"""From Spark to a Kafka topic, with Spark's own connector: the messages are those that `produce` sends."""

import json
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from fastgen import Config, Dataset
from fastgen.sinks.encoder import coded  # replaced below
