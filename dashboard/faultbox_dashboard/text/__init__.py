"""Words for people: languages, titles, times and the form, free of HTML."""
