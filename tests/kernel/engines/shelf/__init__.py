"""A little application for the tests of the engines: copied to a temporary folder, migrated there."""
