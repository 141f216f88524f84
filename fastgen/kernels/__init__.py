"""Kernels: numbers in, arrays and bytes out. They import nothing of the package above them."""
