"""Articles come in: routes for one and for many, and the gate that says when no more can be taken."""
