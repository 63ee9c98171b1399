"""The plugins that come with Greenroom; each directory is one, and none imports another's private rooms."""
