"""Measures one customer turn: our whole product beside the bare loops of other frameworks."""
