"""What reading a source needs of the world outside the warehouse."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sources.api.http import Patience


@dataclass(frozen=True, slots=True)
class Outside:
    """Where data lie and how systems are asked.

    `data` replaces a path under data/; `crm_folder` is where a simulated company's files lie; `erp_url` is what
    ${GUANXI_ERP_URL} means; `tokens` is a folder, ours alone, for access tokens that processes share; `environment`
    holds credentials (the process's own unless given); `allows_private`: systems may have private addresses.
    """

    tokens: Path
    data: Path | None = None
    crm_folder: Path | None = None
    erp_url: str | None = None
    environment: Mapping[str, str] | None = None
    allows_private: bool = False
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
