"""What an instance type is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from headway.errors import HeadwayError, nearest
from headway.prices.book import packaged_book


@dataclass(frozen=True, slots=True)
class Hardware:
    """One EC2 instance type. Memory in MiB; a fractional GPU counts as its share."""

    name: str
    vcpu: int
    memory_mib: int
    gpu_model: str
    gpus: float
    gpu_memory_mib: int
    neuron_cores: int
    arch: str
    spot_supported: bool
    source: str
    as_of: str


@lru_cache(maxsize=1024)
def hardware(name: str) -> Hardware:
    """The facts of an instance type.

    Raises:
        HeadwayError: No such type, with the nearest names.

    >>> hardware("g5.xlarge").gpus
    1.0
    """
    rows = packaged_book().content["hardware"]
    if name not in rows:
        raise HeadwayError(f"instance type {name!r} is not known{nearest(name, rows)}")
    row = rows[name]
    return Hardware(
        name=name, vcpu=row[0], memory_mib=row[1], gpu_model=row[2], gpus=row[3], gpu_memory_mib=row[4],
        neuron_cores=int(row[5]), arch=row[6], spot_supported=row[7], source=row[8], as_of=row[9],
    )  # fmt: skip


def known_hardware() -> tuple[str, ...]:
    """Every instance type whose facts are known."""
    return tuple(packaged_book().content["hardware"])
