"""Read models: what pages and commands show, read from the store, never written through."""
