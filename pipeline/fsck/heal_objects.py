"""Gets objects back: from the workspace, from the present code, by executing again. Takes no other bytes for them."""

import os
from collections.abc import Iterable, Mapping

from ..errors import PipeError
from ..ledger import Ledger
from ..model import Artifact, Produced
from ..store import Damaged, Store, layout
from ..store.manifests import Manifests
from .damage import Damage, Healed
from .heal import OBJECTS, Remake
from .references import named
from .spares import Spares


class Objects:
    """Heals the objects of one store."""

    def __init__(
        self, store: Store, manifests: Manifests, ledger: Ledger, spares: Spares, remake: Remake
    ) -> None:
        self._store = store
        self._manifests = manifests
        self._ledger = ledger
        self._spares = spares
        self._remake = remake
        self._ran: dict[str, Mapping[str, Produced] | str] = {}

    def heal(self, damages: Iterable[Damage]) -> list[Healed]:
        """Put what is damaged aside, and get it and what is missing back."""
        damages = list(damages)
        wanted: set[str] = set()
        refused: dict[Damage, str] = {}
        for damage in damages:
            try:
                if damage.kind in OBJECTS:
                    layout.put_aside(os.fspath(self._store.root), damage.path, damage.digest)
                wanted.add(damage.digest)
            except FileNotFoundError:
                wanted.add(damage.digest)  # another pipe has just found it, too
            except OSError as error:
                refused[damage] = f"it cannot be moved: {error.strerror}"
        self._manifests.forget()
        how = self._from_spares(wanted)
        # Where a folder was lost, what it holds is known by name only now.
        known = named(self._ledger)
        how |= self._by_executing({name for name in wanted - how.keys() if name in known})
        return [self._result(damage, refused, how, known) for damage in damages]

    def _result(
        self,
        damage: Damage,
        refused: Mapping[Damage, str],
        how: Mapping[str, tuple[bool, str]],
        known: set[str],
    ) -> Healed:
        if damage in refused:
            return Healed(damage, False, refused[damage])
        if damage.digest in how:
            return Healed(damage, *how[damage.digest])
        if damage.digest not in known:
            return Healed(damage, True, "put aside: no record names it")
        what = "put aside; " if damage.kind in OBJECTS else ""
        return Healed(damage, False, f"{what}nothing here has these bytes, and no recorded stage makes them")

    def _from_spares(self, wanted: set[str]) -> dict[str, tuple[bool, str]]:
        how: dict[str, tuple[bool, str]] = {}
        while left := wanted - how.keys():
            found = self._spares.fill(left)
            self._manifests.forget()
            if not found:
                break
            how |= {name: (True, f"taken from {where}") for name, where in found.items()}
        return how

    def _by_executing(self, wanted: set[str]) -> dict[str, tuple[bool, str]]:
        how: dict[str, tuple[bool, str]] = {}
        for key, produced in self._ledger.outputs() if wanted else ():
            if self._ledger.is_raw(key):
                continue
            for name in self._ledger.objects_of(produced.artifact):
                if name in wanted and not how.get(name, (False,))[0]:
                    how[name] = self._made(key, name, produced.artifact)
        return how

    def _made(self, key: str, name: str, artifact: Artifact) -> tuple[bool, str]:
        stage = self._ledger.traces[key][0].stage
        made = self._executed(key)
        if isinstance(made, str):
            return False, f"stage `{stage}`, which made it, cannot be executed again: {made}"
        if not any(one.artifact == artifact for one in made.values()):
            return False, f"stage `{stage}`, executed again, gave other bytes: it is not deterministic"
        try:
            self._store.objects.checked(name)
        except (KeyError, Damaged):
            return False, f"stage `{stage}` was executed again, and its result is damaged as well"
        return True, f"made again by stage `{stage}`"

    def _executed(self, key: str) -> Mapping[str, Produced] | str:
        if key not in self._ran:
            try:
                self._ran[key] = self._remake(key)
                self._manifests.forget()
            except PipeError as error:
                self._ran[key] = error.problems[0].text
        return self._ran[key]
