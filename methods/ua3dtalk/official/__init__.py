"""Subjects trained with the authors' released code, as subjects of this one.

`reading` opens their checkpoint without unpickling code, `layout` maps the parameters of the
released fields one to one to ours, and `subject` puts both branches together.

Facts are from Mrask999/UA-3DTalk (`scene/deformation.py`, `scene/hexplane.py`,
`scene/gaussian_model.py`, `train_fuse.py`); none of its code is here.
"""
