"""Stories that seeds told when they broke a promise or raised a false alarm, as short as the simulator made them."""

from __future__ import annotations

from tests.promises.simulator.actions import Fault, Forget, Ignore, Meanwhile, OtherTool, Remove, Run, Save, Swap
from tests.promises.simulator.contents import Content
from tests.promises.simulator.story import Story

FOUND: dict[str, Story] = {
    "seed 777043": Story(
        777043,
        ("david", "jan"),
        (),
        (
            Save("jan", "DRAFT.mp4", Content(1, 40, family=2), in_place=False),
            Run("jan", "sync", crash=26),
            OtherTool("cut/scene 1.mov", Content(2, 0), how="dropped"),
            Run("david", "up"),
            Save("jan", "cut/scene 1.mov", Content(4, 40, family=1), in_place=False),
            Run("jan", "sync", crash=21),
            Run("jan", "sync", crash=18),
        ),
    ),
    "seed 31000585": Story(
        31000585,
        ("david", "jan"),
        ("david",),
        (
            Save("david", "DRAFT.mp4", Content(0, 700, family=1), in_place=False),
            Save("jan", "cut/scene 1.mov", Content(1, 40, family=2), in_place=False),
            Save("jan", "DRAFT.mp4", Content(4, 40, family=1)),
            Save("david", "cut/scene 1.mov", Content(7, 300), in_place=False),
            Run("david", "sync", meanwhile=(Meanwhile(3, Run("jan", "up"), method="put"),)),
            OtherTool("DRAFT.mp4", Content(12, 1500, family=1), how="parts"),
            Save("jan", "cut/scene 1.mov", Content(13, 300, family=1)),
            Save("david", "cut/scene 1.mov", Content(15, 40), in_place=False),
            Run("david", "sync", meanwhile=(Meanwhile(2, Run("jan", "up")),), crash=45),
            Run("david", "up"),
        ),
    ),
    "seed 31201013": Story(
        31201013,
        ("david", "jan"),
        (),
        (
            Save("jan", "notes", Content(6, 2600)),
            Save("david", "b.bin", Content(7, 300)),
            Run("david", "sync"),
            Run("jan", "down"),
            Run("jan", "sync", meanwhile=(Meanwhile(3, OtherTool("b.bin", None)),)),
            Forget("jan"),
            Run("jan", "up", faults=(Fault(1, "lost"),)),
        ),
    ),
    "seed 31501241": Story(
        31501241,
        ("david", "jan"),
        (),
        (
            OtherTool("notes", Content(1, 40, family=2)),
            Save("david", "notes", Content(1, 40, family=2)),
            Run("jan", "cleanup --unseen", faults=(Fault(1, "lost"),)),
            Save("jan", "cut/deep/é.wav", Content(3, 40, family=2)),
            Run("jan", "up", meanwhile=(Meanwhile(5, Run("david", "sync", policy="mine", max_delete=2)),)),
        ),
    ),
    "seed 31501426": Story(
        31501426,
        ("david", "jan", "mia"),
        ("david", "jan"),
        (
            Run("jan", "cleanup --local", meanwhile=(Meanwhile(2, OtherTool("DRAFT.mp4", Content(0, 700, family=1))),)),
            Save("david", "cut/deep/é.wav", Content(3, 40, family=2)),
            Run("david", "sync"),
            Save("mia", "DRAFT.mp4", Content(8, 40, family=1)),
            Run("mia", "sync"),
            Save("mia", "draft.mp4", Content(9, 1500, family=2), in_place=False),
            Run("jan", "sync"),
            Run("jan", "cleanup", meanwhile=(Meanwhile(1, Run("mia", "up"), method="delete"),)),
            Save("mia", "DRAFT.mp4", Content(12, 1500, family=1), in_place=False),
            Run("mia", "sync"),
        ),
    ),
    "seed 60003201": Story(
        60003201,
        ("david", "jan"),
        (),
        (
            OtherTool("b.bin", Content(7, 300), how="dropped"),
            Run("jan", "sync"),
            Run("jan", "sync", max_delete=2, meanwhile=(Meanwhile(2, Run("david", "cleanup --unseen", late=True)),)),
        ),
    ),
    "seed 71010035": Story(
        71010035,
        ("david", "jan"),
        (),
        (
            Save("david", "draft.mp4", Content(10204, 1500)),
            Run("david", "sync"),
            Ignore("david", ("draft.mp4",)),
            Run("david", "undo"),
        ),
    ),
    "seed 71010117": Story(
        71010117,
        ("david", "jan", "mia"),
        (),
        (
            Save("mia", "cut/scene 1.mov", Content(21163, 0), in_place=False),
            Run("mia", "sync"),
            Run("jan", "sync"),
            Save("jan", "cut/scene 1.mov", Content(10572, 40)),
            Run("jan", "sync"),
            Ignore("jan", ("cut/scene 1.mov",)),
            Run("jan", "sync"),
            Remove("jan", "cut/scene 1.mov"),
            Ignore("jan", ()),
            Run("jan", "undo"),
        ),
    ),
    "seed 72000010": Story(
        72000010,
        ("david", "jan"),
        (),
        (
            Save("jan", "cut/deep/é.wav", Content(0, 700)),
            Run("jan", "up"),
            Swap("jan", "cut/deep/é.wav/inside.mov", Content(21617, 300)),
            Run("jan", "sync", max_delete=100),
            Run("david", "sync"),
            Run("david", "cleanup"),
            Run("jan", "undo"),
            Run("jan", "sync"),
        ),
        makes_way=True,
    ),
    "seed 72000226": Story(
        72000226,
        ("david", "jan", "mia"),
        (),
        (
            Save("david", "b.bin", Content(22578, 0), in_place=False),
            Run("david", "sync"),
            Run("jan", "sync"),
            Save("david", "draft.mp4", Content(8, 40), in_place=False),
            Save("jan", "cut/scene 1.mov", Content(9, 1500), in_place=False),
            Run(
                "jan",
                "up",
                meanwhile=(
                    Meanwhile(2, Run("mia", "cleanup --unseen", late=True), method="get"),
                    Meanwhile(3, Run("david", "sync", max_delete=100), method="complete_upload"),
                ),
            ),
        ),
        makes_way=True,
    ),
}
