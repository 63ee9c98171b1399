"""Fixtures, factories and the contract suite: for Greenroom's own tests and for those of plugin authors."""
