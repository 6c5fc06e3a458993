"""What can be done to a picture, one verb a file. A step with nothing to do returns early."""
