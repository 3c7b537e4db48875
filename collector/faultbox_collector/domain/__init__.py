"""Rules without input or output: dating, facts, the form, sentences, triage."""
