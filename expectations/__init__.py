"""What must hold before anything is published: suites as JSON, and the gate that runs them."""
