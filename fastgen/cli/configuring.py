"""`fastgen config`: show, start, check and describe configurations."""

import click

from fastgen.cli.common import data_options, read_config, say


@click.group()
def config() -> None:
    """Show, start, check and describe configurations."""


@config.command()
@data_options
def show(path: str | None, rows: str | None, scale: float | None, seed: int | None, settings: tuple[str, ...]) -> None:
    """Print the whole configuration that the options describe, as TOML."""
    from fastgen.config_text import to_toml

    click.echo(to_toml(read_config(path, rows, scale, seed, settings)), nl=False)


@config.command()
@click.argument("path", type=click.Path(), default="fastgen.toml", metavar="[FILE]")
def init(path: str) -> None:
    """Write a commented configuration file with all defaults (fastgen.toml unless named)."""
    from fastgen.config import Config
    from fastgen.config_text import to_toml
    from fastgen.errors import OutputError, OutputExistsError

    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(to_toml(Config()))
    except FileExistsError:
        raise OutputExistsError(f"{path} exists already") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    say(f"wrote {path}")


@config.command()
@click.argument("path", type=click.Path(), default="fastgen.toml", metavar="[FILE]")
def check(path: str) -> None:
    """Check a configuration file (fastgen.toml unless named)."""
    from fastgen.config import load_config
    from fastgen.dataset import Dataset

    data = Dataset(load_config(path))
    say(f"{path} is valid: {data.num_rows:,} transactions, fingerprint {data.fingerprint}")


@config.command()
def schema() -> None:
    """Print the JSON schema of the configuration."""
    import json

    from fastgen.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))
