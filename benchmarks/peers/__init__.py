"""Eigenvalues of the Hessian by this package and by its peers, on the same network, data and point, in one process."""
