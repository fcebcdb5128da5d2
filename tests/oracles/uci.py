"""UCI Online Retail in plain pandas: units by article and day, and the rows that are no goods.

The same rules as the product's, stated a second time: articles in upper case; a line of a `C…` invoice is a return; a
negative line of another invoice is a write-off, neither sold nor returned; days are days in London.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

NO_GOODS = {"POST", "DOT", "M", "C2", "D", "S", "BANK CHARGES", "AMAZONFEE", "CRUK", "B"}


@dataclass(frozen=True)
class UciTruth:
    """What the file says.

    `by_day` has the columns sku, day (YYYY-MM-DD, London), units_sold, units_returned, units_adjusted; `refused` has
    row (from 0) and sku; `sold_lines`, `returned_lines` and `adjusted_lines` count rows.
    """

    by_day: pd.DataFrame
    refused: pd.DataFrame
    sold_lines: int
    returned_lines: int
    adjusted_lines: int

    def units(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(sku, day) → (sold, returned), where either is not zero."""
        traded = self.by_day[(self.by_day.units_sold > 0) | (self.by_day.units_returned > 0)]
        keys = zip(traded["sku"], traded["day"], strict=True)
        values = zip(traded["units_sold"].astype(int), traded["units_returned"].astype(int), strict=True)
        return dict(zip(keys, values, strict=True))


def compute_uci(path: Path) -> UciTruth:
    """Read the file and compute."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    sku = frame["StockCode"].str.upper()
    no_goods = sku.isin(NO_GOODS) | sku.str.startswith("GIFT_")
    quantity = frame["Quantity"].astype("int64")
    cancelled = frame["InvoiceNo"].str.startswith("C")
    # The file's times are London's own, so its dates are the days.
    day = frame["InvoiceDate"].str.slice(0, 10)
    sold, returned = quantity.where(~cancelled & (quantity > 0), 0), -quantity.where(cancelled, 0)
    adjusted = quantity.where(~cancelled & (quantity < 0), 0)
    table = pd.DataFrame(
        {"sku": sku, "day": day, "units_sold": sold, "units_returned": returned, "units_adjusted": adjusted}
    )
    goods = table[~no_goods]
    return UciTruth(
        by_day=goods.groupby(["sku", "day"], as_index=False).sum(),
        refused=pd.DataFrame({"row": frame.index[no_goods], "sku": sku[no_goods].to_numpy()}),
        sold_lines=int((goods["units_sold"] > 0).sum()),
        returned_lines=int((goods["units_returned"] > 0).sum()),
        adjusted_lines=int((goods["units_adjusted"] < 0).sum()),
    )
