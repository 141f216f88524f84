"""`fastgen config`: show, create, check and describe configurations."""

import click

from fastgen.cli.commands import PATH, Group, examples
from fastgen.cli.common import DataOptions, counted, data_options, say
from fastgen.cli.stopping import cleanup_block
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
    """Show, create, check and describe configurations."""


@config.command(
    epilog=examples(
        "fastgen config show",
        "fastgen config show --rows 1M --set fraud.ratio=0.01 > fastgen.toml",
    )
)
@data_options
def show(described: DataOptions) -> None:
    """Print all settings that result from the options, as TOML."""
    from fastgen.config_text import to_toml

    click.echo(to_toml(described.config()), nl=False)


@config.command(
    epilog=examples("fastgen config init", "fastgen config init small.toml && fastgen generate --config small.toml --output data/")
)
@FILE
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def init(path: str, overwrite: bool) -> None:
    """Write a file with all settings, explained.

    All have their default values. FILE is fastgen.toml by default. No command reads it unless it is given, as in
    `fastgen generate --config fastgen.toml`.
    """
    from fastgen.config import Config
    from fastgen.config_text import to_toml
    from fastgen.sinks.output import opened

    with cleanup_block(), opened(path, overwrite) as out:
        out.write(to_toml(Config()).encode())
    say(f"wrote {path}")


@config.command(epilog=examples("fastgen config check", "fastgen config check small.toml"))
@FILE
def check(path: str) -> None:
    """Check a file with settings.

    FILE is fastgen.toml by default, which other commands read only with --config. If it is valid, its number of transactions
    and its fingerprint are printed. If not, there is a line for each invalid setting or, if each alone is valid, for the first
    that conflicts with others.
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

    Editors and other programs use it to check and complete configurations.
    """
    import json

    from fastgen.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))
