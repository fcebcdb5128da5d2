"""Days by hour of the sets that have them in their rows, a sample of stores.

The one rule: stores are drawn whole, for the share-of-day curves are pooled by store and category.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from streams.evaluation.intraday_trial import HourDay, HourSeries


class HourFile(NamedTuple):
    """A Parquet file with a row for each series and day, hours in a list.

    Parameters
    ----------
    path
        Below the data folder.
    store, sku, category, day
        Columns of these.
    hours
        Column of the units of each hour.
    empty_hours
        Column of the number of trading hours without stock.
    price_share
        Column of the price over the list price.
    """

    path: str
    store: str
    sku: str
    category: str
    day: str
    hours: str
    empty_hours: str
    price_share: str


HOUR_FILES: Final[dict[str, HourFile]] = {
    "freshretail": HourFile(
        "freshretailnet/daily_with_hours.parquet", "store_id", "product_id", "third_category_id", "dt", "hours_sale",
        "stock_hour6_22_cnt", "discount",
    ),
}  # fmt: skip


def read_hours(folder: Path, file: HourFile, series: int | None, seed: int) -> list[HourSeries]:
    """Return the series of as many stores, drawn by the seed, as together have at least so many series.

    Parameters
    ----------
    folder, file
        Where it lies, and how it reads.
    series
        None takes all stores.
    seed
        Of the drawing.
    """
    frame = pd.read_parquet(folder / file.path, columns=list(file[1:]))
    counts = frame[[file.store, file.sku]].drop_duplicates().groupby(file.store).size()
    stores = np.random.default_rng(seed).permutation(np.sort(counts.index.to_numpy()))
    if series is not None:
        reached = np.cumsum(counts.loc[stores].to_numpy())
        stores = stores[: int(np.searchsorted(reached, series)) + 1]
    frame = frame[frame[file.store].isin(stores)].sort_values([file.store, file.sku, file.day])
    found = []
    for (store, _), rows in frame.groupby([file.store, file.sku]):
        days = [
            HourDay(date.fromisoformat(day), np.asarray(hours, float), gone == 0, 1 - off if 0 < off < 1 else None)
            for day, hours, gone, off in zip(
                rows[file.day], rows[file.hours], rows[file.empty_hours], rows[file.price_share], strict=True
            )
        ]
        found.append(HourSeries(str(store), str(rows[file.category].iloc[0]), days))
    return found
