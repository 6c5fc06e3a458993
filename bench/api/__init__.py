"""What the API costs, beside a bare server on the same machine in the same run."""
