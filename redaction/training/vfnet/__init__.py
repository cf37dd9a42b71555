"""VarifocalNet by IceVision: training and export. The only folder that imports torch, mmcv, mmdet, fastai or icevision.

Importing this package prepares the ground on which IceVision 0.12 stands today (see `compat`), because nothing below it could
be imported otherwise.
"""

from redaction.training.vfnet.compat import prepare_icevision

prepare_icevision()
