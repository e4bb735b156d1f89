"""What depends on a language, one data file for each: words of assent, numbers, sentence ends, built-in sentences."""
