"""`make test-faults`: what is done to the started product while it is at work, and what is left."""
