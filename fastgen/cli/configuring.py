"""`fastgen config`: show, start, check and describe configurations."""

import click

from fastgen.cli.commands import PATH, Group, examples
from fastgen.cli.common import counted, data_options, read_config, say
from fastgen.cli.stopping import clearing_away
from fastgen.errors import ConfigError

FILE = click.argument("path", type=PATH, default="fastgen.toml", metavar="[FILE]")


@click.group(
    cls=Group,
    epilog=examples(
        "fastgen config init                    # writes fastgen.toml",
        "fastgen config check",
        "fastgen config show --rows 1M",
    ),
)
def config() -> None:
    """Show, begin, check and describe settings."""


@config.command(
    epilog=examples(
        "fastgen config show",
        "fastgen config show --rows 1M --set fraud.ratio=0.01 > fastgen.toml",
    )
)
@data_options
def show(path: str | None, rows: str | None, scale: float | None, seed: int | None, settings: tuple[str, ...]) -> None:
    """Print all settings that the options come to, as TOML."""
    from fastgen.config_text import to_toml

    click.echo(to_toml(read_config(path, rows, scale, seed, settings)), nl=False)


@config.command(
    epilog=examples("fastgen config init", "fastgen config init small.toml && fastgen generate --config small.toml --output data/")
)
@FILE
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def init(path: str, overwrite: bool) -> None:
    """Write a file with all settings, explained.

    They have their defaults. The file is fastgen.toml unless named.
    """
    from fastgen.config import Config
    from fastgen.config_text import to_toml
    from fastgen.sinks.output import opened

    with clearing_away(), opened(path, overwrite) as out:
        out.write(to_toml(Config()).encode())
    say(f"wrote {path}")


@config.command(epilog=examples("fastgen config check", "fastgen config check small.toml"))
@FILE
def check(path: str) -> None:
    """Check a file with settings.

    It is fastgen.toml unless named. If it is valid, its number of transactions and its fingerprint are told. If not, there is a
    line for each setting that is wrong by itself, or else for the first that does not go with the others.
    """
    from fastgen.config_text import load_config
    from fastgen.dataset import Dataset

    try:
        data = Dataset(load_config(path))
    except ConfigError as error:
        *before, last = error.each()
        for each in before:
            say(str(each))
        raise last from None
    say(f"{path} is valid: {counted(data.num_rows, 'transactions')}, fingerprint {data.fingerprint}")


@config.command(epilog=examples("fastgen config schema > fastgen.schema.json"))
def schema() -> None:
    """Print the JSON schema of the settings.

    Editors and other programs check and complete with it.
    """
    import json

    from fastgen.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))
