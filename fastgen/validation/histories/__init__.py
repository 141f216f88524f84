"""Checks of what rows of one card form together: attack chains, sequences of withdrawals, cloned cards."""
