"""pyarrow: tables that are the same each time."""

import pyarrow as pa
import pyarrow.compute as pc


def sorted_table(numbers: pa.Table) -> pa.Table:
    return numbers.sort_by([("group", "ascending"), ("x", "descending")])


def grouped(numbers: pa.Table) -> pa.Table:
    return numbers.group_by("group", use_threads=False).aggregate([("x", "sum"), ("y", "max")]).sort_by("group")


def derived(numbers: pa.Table) -> pa.Table:
    ratio = pc.divide(numbers["x"], pc.add(numbers["y"], 1))
    return numbers.append_column("ratio", pc.round(ratio, 6))
