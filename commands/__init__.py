"""One file per subcommand: parse, call the core, print a view."""
