"""The cleaned table and the features of the small tables."""

import pandas as pd
import pytest

from stages.clean import clean
from stages.features import features

from . import tables


@pytest.fixture
def cleaned() -> pd.DataFrame:
    made = clean(tables.flights(), tables.weather(), tables.planes(), tables.airports(), 15, 100.0)
    return made["table"]


@pytest.fixture
def featured(cleaned: pd.DataFrame) -> pd.DataFrame:
    return features(cleaned)
