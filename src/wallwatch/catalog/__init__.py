"""What is known of the world, as data files with source and date: services, owners, canaries.

`load()` reads the entries shipped with the package. No opinion and no network here.
"""

from wallwatch.catalog.loader import Catalogue, load
from wallwatch.catalog.targets import Target, targets_of

__all__ = ["Catalogue", "Target", "load", "targets_of"]
