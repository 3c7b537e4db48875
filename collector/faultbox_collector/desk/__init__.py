"""Use cases: what people do, each one transaction, shared by pages and commands."""
