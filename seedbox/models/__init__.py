from seedbox.models.audit_entry import AuditEntry
from seedbox.models.file import File
from seedbox.models.holding import Holding
from seedbox.models.holding_column import HoldingColumn
from seedbox.models.install import Install
from seedbox.models.invitation import Invitation
from seedbox.models.log_entry import LogEntry
from seedbox.models.network import Network
from seedbox.models.node import Node
from seedbox.models.notice import Notice
from seedbox.models.observation import Observation
from seedbox.models.screen_choice import ScreenChoice
from seedbox.models.task_tally import TaskTally
from seedbox.models.torrent import Metadata, Torrent
from seedbox.models.user import User

__all__ = [
    "AuditEntry",
    "File",
    "Holding",
    "HoldingColumn",
    "Install",
    "Invitation",
    "LogEntry",
    "Metadata",
    "Network",
    "Node",
    "Notice",
    "Observation",
    "ScreenChoice",
    "TaskTally",
    "Torrent",
    "User",
]
