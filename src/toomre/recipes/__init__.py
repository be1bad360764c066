"""The recipes that come with the package: one TOML file a published row or product experiment."""
