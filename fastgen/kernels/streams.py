"""Streams: the second coordinate of every draw. A number is never reused for another purpose."""

SPLIT_PAYMENTS = 1
SPLIT_CHAINS = 2
SPLIT_SEQUENCES = 3
SPLIT_CLONED = 4
TIMES = 5
PAYMENT = 6
CHAIN = 7
CHAIN_STEP = 8
SEQUENCE = 9
WALK = 10
WITHDRAWAL = 11
FOREIGN = 12
KEYS = 13
CARD = 14
PROFILE = 15
