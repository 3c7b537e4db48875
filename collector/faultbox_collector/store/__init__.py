"""The store: one schema through SQLAlchemy Core; only use cases and read models touch it."""
