"""What every other folder stands on: errors, vocabulary, the validated forms in which data changes hands."""
