"""Tests of `fastgen validate`: good data pass at the stated rate, every check can fail, and hostile data do no harm."""
