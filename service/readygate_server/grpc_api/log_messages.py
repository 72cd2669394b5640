"""Checkpoints and public keys as messages of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1 import log_service_pb2 as pb
from readygate_server.domain.keys import KeyPurpose, KeyStatus, PublicKey
from readygate_server.domain.record import TreeHead

_PURPOSES: Final[Mapping[KeyPurpose, pb.KeyPurpose.ValueType]] = {
    KeyPurpose.CERTIFICATE: pb.KEY_PURPOSE_CERTIFICATE,
    KeyPurpose.CHECKPOINT: pb.KEY_PURPOSE_CHECKPOINT,
}
_STATUSES: Final[Mapping[KeyStatus, pb.KeyStatus.ValueType]] = {
    KeyStatus.ACTIVE: pb.KEY_STATUS_ACTIVE,
    KeyStatus.RETIRED: pb.KEY_STATUS_RETIRED,
    KeyStatus.REVOKED: pb.KEY_STATUS_REVOKED,
}


def checkpoint_message(head: TreeHead) -> pb.Checkpoint:
    """Returns a signed tree."""
    return pb.Checkpoint(note=head.note, tree_size=head.size, root=head.root)


def key_message(key: PublicKey) -> pb.PublicKey:
    """Returns a public key."""
    message = pb.PublicKey(
        key_id=key.id,
        purpose=_PURPOSES[key.purpose],
        algorithm=key.algorithm,
        pem=key.pem,
        status=_STATUSES[key.status],
        not_before=Timestamp(seconds=key.not_before),
    )
    if key.not_after is not None:
        message.not_after.seconds = key.not_after
    return message
