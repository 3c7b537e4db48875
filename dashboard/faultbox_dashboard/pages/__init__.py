"""One page per file: from a request to a template's context."""
