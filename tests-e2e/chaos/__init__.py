"""What must hold while parts of the stack are away, slow, or lie."""
