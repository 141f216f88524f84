"""A real Apache Kafka broker on a single node, for tests and benchmarks.

It needs Java 17 or later. Its jars are fetched from Maven Central once, with the `pom.xml` beside this file, and kept in
the user's cache. `python tests/kafka/broker.py` runs a broker and prints its address.
"""

import fcntl
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple, Self
from xml.etree import ElementTree

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

POM = Path(__file__).with_name("pom.xml")
JAVA = 17
"""The oldest Java that runs Kafka 4."""
PATIENCE = 60.0
"""Seconds within which a started broker must answer."""
PORTS = range(20_000, 32_000)
"""Below the ephemeral ports. On one of those, a client that keeps calling a dead broker can connect to itself, or another
connection can take the port before the broker is back."""
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Flags for a JVM that ends before optimised compilation would pay off."""
LOCALHOST = "127.0.0.1"
CLUSTER = "ZmFzdGdlbidzIGJyb2tlcg"

SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},SASL_SSL://{host}:{secure_port},CONTROLLER://{host}:{controller_port}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={keystore}
ssl.keystore.password={keystore_password}
log.dirs={logs}
num.partitions=4
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
# One node holds everything there is, and few partitions of it.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
# A broker that was killed may come back only when its old registration has lapsed: by default after 9 seconds.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

LOGGING = """\
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d{HH:mm:ss.SSS} %-5p %m (%c{1})%n
rootLogger.level=WARN
rootLogger.appenderRef.out.ref=out
logger.life.name=kafka.server.BrokerLifecycleManager
logger.life.level=INFO
"""


class MissingError(Exception):
    """Something that a broker needs is missing; the message says what."""


class BrokerError(Exception):
    """A broker or one of Kafka's tools failed; the message ends with the end of its log."""


class Throughput(NamedTuple):
    """What ProducerPerformance measured."""

    records: int
    records_per_second: float
    megabytes_per_second: float


class Address:
    """A running broker: its address, and the client settings to reach it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    @property
    def properties(self) -> dict[str, str]:
        """The settings for librdkafka."""
        return {"bootstrap.servers": self.bootstrap}


class Broker(Address):
    """A broker that the tests start, on loopback, with its files in a temporary directory.

    It has a PLAINTEXT listener, `bootstrap`, and a SASL_SSL listener, `secure_bootstrap`, for one user with a
    SCRAM-SHA-512 password. `ca_file` is the certificate that clients must trust. Topics are not created automatically,
    and keep records for 7 days, Kafka's default. Ports and records outlive `stop` and `kill`, so that `start` brings the
    same broker back. `close` removes everything. `flags` are options of the JVM.
    """

    def __init__(self, flags: Sequence[str] = ()) -> None:
        self._jars, self._flags = jars(), flags
        self._folder = TemporaryDirectory(prefix="fastgen-kafka-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        port, secure_port, controller_port = _free_ports(3)
        super().__init__(f"{LOCALHOST}:{port}")
        self.secure_bootstrap = f"{LOCALHOST}:{secure_port}"
        self.user = "fastgen"
        self.password = secrets.token_hex(16)
        self.folder = Path(self._folder.name)
        self.ca_file = self.folder / "ca.pem"
        self.log_file = self.folder / "broker.log"
        keystore_password = secrets.token_hex(16)
        settings = SETTINGS.format(
            host=LOCALHOST,
            port=port,
            secure_port=secure_port,
            controller_port=controller_port,
            keystore=self._keystore,
            keystore_password=keystore_password,
            logs=self.folder / "logs",
        )
        try:
            self._settings.write_text(settings)
            (self.folder / "log4j2.properties").write_text(LOGGING)
            self._make_certificate(keystore_password)
            self._format()
        except BaseException:
            self.close()
            raise

    @property
    def secure_properties(self) -> dict[str, str]:
        """The settings for librdkafka to use the listener with TLS and a password."""
        return {
            "bootstrap.servers": self.secure_bootstrap,
            "security.protocol": "SASL_SSL",
            "ssl.ca.location": str(self.ca_file),
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.user,
            "sasl.password": self.password,
        }

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start or restart the broker, and wait until it answers and each partition has a leader."""
        if self.running:
            raise BrokerError(f"the broker at {self.bootstrap} is running already")
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(self._settings), flags=["-Xmx512m", *self._flags]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Send SIGTERM: the broker closes its files and exits."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()
                raise BrokerError(f"the broker at {self.bootstrap} did not stop{self._end_of_log()}") from None
            self._process = None

    def kill(self) -> None:
        """Send SIGKILL: the broker is gone at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop the broker if it runs, and start it on the same ports with the same records."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill the broker and remove all its files."""
        self.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def producer_performance(
        self,
        topic: str,
        records: int,
        *,
        payloads: Path | None = None,
        record_size: int = 240,
        properties: Mapping[str, str] | None = None,
    ) -> Throughput:
        """Run Kafka's own ProducerPerformance, which sends records as fast as it can.

        They are random lines of the file `payloads`, or else `record_size` random letters; without keys. `properties`
        are settings of the Java client in addition to acks=all.
        """
        settings = {"bootstrap.servers": self.bootstrap, "acks": "all", **(properties or {})}
        content = ["--record-size", str(record_size)] if payloads is None else ["--payload-file", str(payloads)]
        arguments = ["--topic", topic, "--num-records", str(records), "--throughput", "-1", *content]
        arguments += ["--producer-props", *(f"{key}={value}" for key, value in settings.items())]
        output = _run(self._java("org.apache.kafka.tools.ProducerPerformance", *arguments))
        # Similar lines for every five seconds come before the total; only the total has percentiles.
        total = re.search(r"^(\d+) records sent, ([\d.]+) records/sec \(([\d.]+) MB/sec\).* 99\.9th", output, re.MULTILINE)
        if total is None or int(total[1]) != records:
            raise BrokerError(f"ProducerPerformance did not send {records:,} records:\n{output}")
        return Throughput(int(total[1]), float(total[2]), float(total[3]))

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _keystore(self) -> Path:
        return self.folder / "keystore.p12"

    def _make_certificate(self, password: str) -> None:
        """Make a key with a self-signed certificate: a key store for the broker, PEM for clients."""
        store = ["-alias", "broker", "-keystore", str(self._keystore), "-storetype", "PKCS12", "-storepass", password]
        key = ["-keyalg", "EC", "-groupname", "secp256r1", "-validity", "3650"]
        names = ["-dname", "CN=localhost", "-ext", f"san=dns:localhost,ip:{LOCALHOST}"]
        _run([_tool("keytool"), "-genkeypair", *store, *key, *names])
        _run([_tool("keytool"), "-exportcert", "-rfc", *store, "-file", str(self.ca_file)])

    def _format(self) -> None:
        """Format the log directory and create the user."""
        user = f"SCRAM-SHA-512=[name={self.user},password={self.password}]"
        arguments = ["format", "--cluster-id", CLUSTER, "--config", str(self._settings), "--add-scram", user]
        _run(self._java("kafka.tools.StorageTool", *arguments, flags=[*SHORT_LIVED]))

    def _java(self, name: str, *arguments: str, flags: list[str] | None = None) -> list[str]:
        """The command that runs one of Kafka's classes."""
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        english = "-Duser.language=en"  # for decimal points
        return [_tool("java"), *(flags or []), english, logging, "-cp", f"{self._jars}/*", name, *arguments]

    def _await(self) -> None:
        """Wait until the broker answers on both listeners; raise BrokerError if it does not."""
        eager = {"log_level": "0", "reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "100"}
        admins = [AdminClient({**properties, **eager}) for properties in (self.properties, self.secure_properties)]
        deadline = time.monotonic() + PATIENCE
        while not all(map(_is_up, admins)):
            if not self.running:
                raise BrokerError(f"the broker at {self.bootstrap} ended by itself{self._end_of_log()}")
            if time.monotonic() > deadline:
                raise BrokerError(f"the broker at {self.bootstrap} did not answer within {PATIENCE:.0f} s{self._end_of_log()}")
            time.sleep(0.05)

    def _end_of_log(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()
        messages = [line for line in lines if not line.startswith("\t")]  # causes, without stack frames
        return "; the end of its log:\n" + "\n".join(messages[-20:])


def jars() -> Path:
    """The folder with Kafka's jars, which are fetched if they are missing.

    Raises:
        MissingError: Java is missing or too old, or the jars are missing and Maven cannot fetch them.
    """
    version = kafka_version()
    folder = Path(os.environ.get("FASTGEN_KAFKA_JARS") or cache() / f"kafka-{version}").absolute()
    missing = missing_java()
    landmark = folder / f"kafka_2.13-{version}.jar"
    if not landmark.exists() and not shutil.which("mvn"):
        missing.append(f"Maven (mvn is not on the path), as {folder} has no Kafka {version}")
    if missing:
        raise MissingError(" and ".join(missing))
    fetch_jars(POM, landmark)
    return folder


def cache() -> Path:
    """The folder in which jars are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastgen"


def fetch_jars(pom: Path, landmark: Path, *options: str) -> None:
    """Fetch the jars that a POM names into the folder of `landmark`, one of them, unless that exists.

    Raises:
        MissingError: Maven cannot fetch them.
    """
    folder = landmark.parent
    if not landmark.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_name(folder.name + ".lock")):
            if not landmark.exists():  # another run may have fetched them while this one waited
                _copy_jars(pom, folder, options)


def _copy_jars(pom: Path, folder: Path, options: Iterable[str]) -> None:
    """Have Maven copy the jars to a temporary folder, then rename it: the final folder is complete or absent."""
    with TemporaryDirectory(prefix=folder.name + ".", dir=folder.parent) as work:
        copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"]
        try:
            _run(["mvn", "-B", "-q", "-Dstyle.color=never", "-f", str(pom), *options, *copy])
        except BrokerError as error:
            match = re.search(r"\[ERROR\] (.*)", str(error))  # the first of many lines, most of them advice
            raise MissingError(f"Kafka's jars, which Maven could not get: {match[1] if match else error}") from None
        try:
            Path(work, "jars").rename(folder)
        except OSError:
            raise MissingError(f"room for Kafka's jars: {folder} holds something else") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock that other processes wait for."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def missing_java() -> list[str]:
    """What is missing of Java; empty if nothing is."""
    requirement = f"Java {JAVA} or later"
    if absent := [name for name in ("java", "keytool") if not shutil.which(_tool(name))]:
        return [f"{requirement} ({' and '.join(absent)} not on the path)"]
    version = _java_version(_tool("java"))
    return [] if version >= JAVA else [f"{requirement} (java is version {version})"]


def _java_version(java: str) -> int:
    stderr = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', stderr)
    return int(match[1]) if match else 0


def _tool(name: str) -> str:
    """The path of a Java program: in JAVA_HOME if that is set, else its name for the search path."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", name)) if home else name


def kafka_version() -> str:
    """Kafka's version, from `pom.xml`."""
    version = ElementTree.parse(POM).getroot().findtext("{http://maven.apache.org/POM/4.0.0}version")
    assert version
    return version


def _free_ports(count: int) -> list[int]:
    """Distinct free ports on loopback."""
    # Not from the seeded generator: two test runs may look for ports at the same time.
    candidates = random.SystemRandom().sample(PORTS, len(PORTS))
    return list(islice(filter(_is_free, candidates), count))


def _is_free(port: int) -> bool:
    """Whether a port is free."""
    with socket.socket() as probe:
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return False
    return True


def _is_up(admin: AdminClient) -> bool:
    """Whether a broker answers and all partitions have leaders."""
    try:
        found = admin.list_topics(timeout=1)
    except KafkaException:
        return False
    partitions = [partition for topic in found.topics.values() for partition in topic.partitions.values()]
    return bool(found.brokers) and all(partition.leader >= 0 for partition in partitions)


def _run(command: list[str]) -> str:
    """Run a program to its end and return its output."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-20:])
        raise BrokerError(f"{Path(command[0]).name} failed with {done.returncode}:\n{end}")
    return done.stdout


def main() -> None:
    """Run a broker until Ctrl-C or SIGTERM, for experiments."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # shells start background processes with SIGINT ignored
        signal.signal(stop, signal.default_int_handler)
    with suppress(KeyboardInterrupt), Broker(flags=SHORT_LIVED) as broker:
        print(f"export KAFKA_BOOTSTRAP={broker.bootstrap}", flush=True)
        print("a broker runs there until Ctrl-C, and then forgets everything", file=sys.stderr)
        signal.pause()


if __name__ == "__main__":
    try:
        main()
    except (MissingError, BrokerError) as error:
        sys.exit(f"missing: {error}" if isinstance(error, MissingError) else str(error))
