"""Know on the day what a new release of a library breaks."""
