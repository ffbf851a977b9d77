"""Request patterns in WireMock's words, for asking the journal which calls fit."""
