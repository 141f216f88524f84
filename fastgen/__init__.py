"""fastgen: labelled card-payment streams, made at hardware speed.

One configuration and seed give the same rows, whatever the threads, batches, columns or output.

Example:
    >>> import fastgen as fg
    >>> data = fg.Dataset(fg.Config(rows=10_000, seed=7))
    >>> data.transactions(["cc_num", "amount"]).columns
    ['cc_num', 'amount']
"""

TYPE_CHECKING = False  # what is imported here comes before the command can take Ctrl-C
if TYPE_CHECKING:
    from fastgen.config import Config
    from fastgen.config_text import load_config
    from fastgen.dataset import Dataset
    from fastgen.errors import (
        ConfigError,
        DeliveryError,
        DifferenceError,
        FastgenError,
        InputError,
        InterruptedRunError,
        KafkaError,
        OptionError,
        OutputError,
        OutputExistsError,
        TerminatedRunError,
        UsageError,
    )
    from fastgen.reporting.making import ReportSummary, report
    from fastgen.sinks.files import WriteReport, write
    from fastgen.sinks.kafka.producing import produce
    from fastgen.sinks.kafka.reports import ProduceReport
    from fastgen.sinks.kafka.run import Progress
    from fastgen.sinks.writing import FileReport
    from fastgen.sizes import Sizes
    from fastgen.source import scan
    from fastgen.validation.report import Check, ValidationReport
    from fastgen.validation.validating import validate
    from fastgen.verifying.files import verify
    from fastgen.verifying.report import Difference, FileCounts, TableCounts, VerifyReport
    from fastgen.verifying.topics import verify_topic

_HOME = {
    "Config": "config",
    "load_config": "config_text",
    "Dataset": "dataset",
    "Sizes": "sizes",
    "write": "sinks.files",
    "WriteReport": "sinks.files",
    "FileReport": "sinks.writing",
    "produce": "sinks.kafka.producing",
    "ProduceReport": "sinks.kafka.reports",
    "Progress": "sinks.kafka.run",
    "report": "reporting.making",
    "ReportSummary": "reporting.making",
    "scan": "source",
    "validate": "validation.validating",
    "ValidationReport": "validation.report",
    "Check": "validation.report",
    "verify": "verifying.files",
    "verify_topic": "verifying.topics",
    "VerifyReport": "verifying.report",
    "TableCounts": "verifying.report",
    "FileCounts": "verifying.report",
    "Difference": "verifying.report",
}
"""The modules of public names; those that are not here are errors."""

__version__ = "0.1.0"
__all__ = [
    "Check",
    "Config",
    "ConfigError",
    "Dataset",
    "DeliveryError",
    "Difference",
    "DifferenceError",
    "FastgenError",
    "FileCounts",
    "FileReport",
    "InputError",
    "InterruptedRunError",
    "KafkaError",
    "OptionError",
    "OutputError",
    "OutputExistsError",
    "ProduceReport",
    "Progress",
    "ReportSummary",
    "Sizes",
    "TableCounts",
    "TerminatedRunError",
    "UsageError",
    "ValidationReport",
    "VerifyReport",
    "WriteReport",
    "__version__",
    "load_config",
    "produce",
    "report",
    "scan",
    "validate",
    "verify",
    "verify_topic",
    "write",
]


if not TYPE_CHECKING:  # type checkers would take any name for one of the package

    def __getattr__(name):
        """Import a public name when it is first used: `import fastgen` loads no heavy library."""
        if name not in __all__:
            raise AttributeError(f"module 'fastgen' has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"fastgen.{_HOME.get(name, 'errors')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
