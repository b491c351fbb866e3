"""Executes one recorded action again, after making whatever of its inputs the store lacks. Decides nothing."""

from collections.abc import Mapping
from types import TracebackType

from . import layout
from .errors import Problem, StoreError
from .events import Silent
from .layout import Layout
from .lineage import Records
from .lineage import open_records as open_lineage
from .model import Produced
from .opened import isolation_of
from .rebuild import of_place
from .remake import Remaker, Unmade


class Again:
    """Opens the records of a project when first asked; as a context it closes them. Usable from one thread."""

    def __init__(self, layout_: Layout) -> None:
        self._layout = layout_
        self._opened: tuple[Records, Remaker] | None = None

    def __enter__(self) -> "Again":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            records, remaker = self._opened
            remaker.close()
            records.close()

    def __call__(self, key: str) -> Mapping[str, Produced]:
        """Return what comes out, by output name. If that is what was recorded, it is in the store, with a new trace.

        Raises PipeError where a record, raw bytes or a secret is gone, where the action fails, and where an input
        comes out different.
        """
        records, remaker = self._open()
        action = records.store.records.action(key)
        if action is None:
            raise StoreError(Problem(f"the record of action {key[:12]} is gone or damaged"))
        for made in (one for one in records.made.made if one.key == key):
            for place in made.inputs.items():
                if not records.store.holds(place[1]):
                    rebuilt = of_place(records, place, Silent())
                    if rebuilt.first_difference is not None:
                        raise StoreError(Problem(rebuilt.first_difference.text))
        try:
            return remaker(key).outputs
        except Unmade as failed:
            raise StoreError(Problem(failed.text)) from failed

    def _open(self) -> tuple[Records, Remaker]:
        if self._opened is None:
            layout.prepare(self._layout)
            records = open_lineage(self._layout.root)
            records.store.prepare(self._layout.root)
            level = isolation_of(self._layout, records.state)[0]
            self._opened = records, Remaker(records.layout, records.store, level, cancelled=lambda: False)
        return self._opened
