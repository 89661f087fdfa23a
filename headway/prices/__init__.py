"""The price book: packaged AWS prices with source and date, found exactly once or not at all.

Looks up; never guesses, never asks the network, never multiplies a usage.
"""

from headway.prices.book import Allowance, Price, PriceBook, PriceError, load_book, packaged_book
from headway.prices.hardware import Hardware, hardware, known_hardware

__all__ = [
    "Allowance",
    "Hardware",
    "Price",
    "PriceBook",
    "PriceError",
    "hardware",
    "known_hardware",
    "load_book",
    "packaged_book",
]
