"""A procedural talking head: mesh, texture, light and a z-buffer renderer, all by seed.

`HeadModel(identity).vertices(controls)` moves the mesh; `Scene(head, height, width).render(...)`
draws it with its masks and landmarks.
"""

from splits.synthetic.head.identity import Identity
from splits.synthetic.head.model import HeadModel
from splits.synthetic.head.parts import Region
from splits.synthetic.head.scene import Scene, View

__all__ = ["HeadModel", "Identity", "Region", "Scene", "View"]
