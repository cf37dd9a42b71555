"""Training and export of VarifocalNet with IceVision. The only folder that imports torch, mmcv, mmdet, fastai or icevision.

Importing this package first prepares IceVision 0.12 (see `compat`); the modules below cannot be imported otherwise.
"""

from redaction.training.vfnet.compat import prepare_icevision

prepare_icevision()
