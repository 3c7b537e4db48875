"""The subcommands of the server's command line, one file each, registered by `add_parser`."""
