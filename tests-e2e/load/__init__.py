"""The load tests work: their scenarios on the real stack, their judgement on made-up turns."""
