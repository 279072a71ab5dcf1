"""The command `wallwatch`: finds the commands, imports only the one that is asked for, sets exit statuses."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from wallwatch import __version__, exits, plugins
from wallwatch.refusal import Refusal, unknown

PACKAGE = "wallwatch.commands"


class Commands(click.Group):
    """A group whose commands are the modules of `wallwatch.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name.replace("_", "-") for name in plugins.names(PACKAGE)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{PACKAGE}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.COMMAND
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            raise unknown("command", name, self.list_commands(ctx))
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="wallwatch")
def group() -> None:
    """Watch for censorship: what is blocked, how, since when, and how sure."""


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line; returns by exiting with one of `exits`."""
    try:
        status = group.main(args=arguments, prog_name="wallwatch", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(exits.INTERRUPTED)
    except Refusal as refusal:
        click.echo(f"wallwatch: {refusal.format_message()}", err=True)
        sys.exit(refusal.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(exits.DONE)
    sys.exit(status if isinstance(status, int) else exits.DONE)


if __name__ == "__main__":
    main()
