"""The page about operations tells of every metric that there is, with its labels, and of no other."""

import re
from pathlib import Path

from pipeline.events import ReplyFinished
from pipeline.providers.health import HealthRecord
from voice_server.conversations.archive import Archive
from voice_server.conversations.log import ConversationLog
from voice_server.conversations.spool import Spool
from voice_server.http.admission import Admission
from voice_server.metrics import Metrics
from voice_server.provider_metrics import provider_metrics
from voice_server.session_logs import SessionLogs
from voice_server.storage.postgres.database import Database

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
OF_HISTOGRAMS = {"le"}


async def test_the_page_has_every_metric_with_its_labels_and_no_other(tmp_path: Path, database: Database) -> None:
    metrics = Metrics(["tester"], Admission(1))
    record = HealthRecord("TTS", "openai")
    record.failures["provider_timeout"] += 1
    metrics.add(lambda: provider_metrics([record.snapshot()], []))
    metrics.add(SessionLogs(tmp_path, with_audio=False).metrics)
    metrics.add(ConversationLog(Archive(database), Spool(tmp_path)).metrics)
    # What has children only once something happened.
    metrics.observer("tester").left(ReplyFinished("resp_1", "completed"))
    metrics.observer("tester").ended(1000)
    families = [family for family in metrics.registry.collect() if not family.name.startswith("process_")]
    labels = {
        family.name + ("_total" if family.type == "counter" else ""): {
            label for sample in family.samples for label in sample.labels if label not in OF_HISTOGRAMS
        }
        for family in families
    }
    rows = re.findall(r"^\| `(voice_\w+)` \|([^|]*)\|", PAGE.read_text(), re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", described)) for name, described in rows}
    assert documented == labels
