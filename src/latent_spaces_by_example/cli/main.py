"""The command ``lsbe`` itself: its subcommands, and what all of them do with errors and logs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from latent_spaces_by_example import __version__
from latent_spaces_by_example.cli.archives import export, import_archive
from latent_spaces_by_example.cli.ask_and_tell import ask, tell
from latent_spaces_by_example.cli.best import top
from latent_spaces_by_example.cli.check import check
from latent_spaces_by_example.cli.console import as_options, plain, say
from latent_spaces_by_example.cli.dashboard import dashboard
from latent_spaces_by_example.cli.describe import describe
from latent_spaces_by_example.cli.exploring import explore, make
from latent_spaces_by_example.cli.listing import list_all
from latent_spaces_by_example.cli.report import report
from latent_spaces_by_example.cli.resume import resume
from latent_spaces_by_example.cli.start import create, optimise
from latent_spaces_by_example.cli.status import status
from latent_spaces_by_example.errors import LatentSpacesError

# click and the errors are all that is loaded until a command runs: --help must be instant


class _Group(click.Group):
    """Shows the library's own errors as one message, in the words of the command line."""

    def make_context(
        self, info_name: str | None, args: list[str], *rest: Any, **options: Any
    ) -> click.Context:
        words = list(args)
        context = super().make_context(info_name, args, *rest, **options)
        context.obj = words  # for hints that repeat the command
        return context

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _logs_shown():
                return super().invoke(ctx)
        except click.UsageError as error:  # it shows the usage too
            raise click.UsageError(plain(error.format_message()), ctx=error.ctx) from error
        except click.ClickException as error:
            raise click.ClickException(plain(error.message)) from error
        except LatentSpacesError as error:
            raise click.ClickException(plain(as_options(str(error)))) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order in which they are needed


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lsbe")
def main() -> None:
    """Find the best that a generative model can make, by a measure of your own."""


for _command in (
    *(optimise, resume, create, ask, tell, report, top, status, list_all),
    *(explore, make, describe, check, export, import_archive, dashboard),
):
    main.add_command(_command)


class _Shown(logging.Handler):
    """Prints records on standard error, above a progress bar if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage(), err=True)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    say(f"warning: {message}", err=True)


@contextmanager
def _logs_shown() -> Iterator[None]:
    log, handler = logging.getLogger("latent_spaces_by_example"), _Shown()
    show_warning: Any = _show_warning  # which needs the message alone
    level, propagate = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.showwarning = show_warning
            yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = propagate
