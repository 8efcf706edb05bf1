"""The addresses of the path, its figures and its playbooks."""
