"""The operators: one opens a night, one runs a stage of it, one runs any other command; each as a process."""

from __future__ import annotations

import json
import os
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from dags.dag_support.as_of import resolve_as_of
from dags.dag_support.connection import with_connection
from dags.dag_support.defaults import business_timezone
from warehouse.company import load_company
from warehouse.plan import GATE_CLOSED_STATUS, NO_RETRY_STATUS, STAGES, Stage, open_arguments
from warehouse.settings import load_settings
from warehouse.stage_process import StageProcess, guanxi_command, stage_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

NIGHT_KEY = "night"
PARENT_LOOK_SECONDS = 1.0
PROGRESS_VARIABLE = "GUANXI_PROGRESS_FILE"


def retry_settings(stage: Stage) -> dict[str, Any]:
    """Return the operator arguments that carry the plan's retries and timeout."""
    return {
        "retries": stage.retries,
        "retry_delay": timedelta(seconds=stage.retry_seconds),
        "retry_exponential_backoff": 2.0 if stage.backs_off else 0,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(minutes=stage.timeout_minutes),
    }


class GuanxiOperator(BaseOperator):
    """Runs one `guanxi` command; its lines go to the task's log and, when there is one, to the progress file."""

    def run_guanxi(
        self,
        words: Sequence[str],
        *,
        label: str,
        environment: Mapping[str, str] | None = None,
        is_progress: bool = True,
    ) -> list[str]:
        """Run the command and return the last lines of its stdout; `environment` replaces the stages' usual one.

        Lines that are no progress go to the task's log alone.

        Raises AirflowFailException when a further try would see the same (a closed gate, a manager without address) and
        AirflowException for any other failure. Whatever ends this task ends the command too.
        """

        def tell(line: str) -> None:
            if line.startswith("{"):  # an answer for us, not for people
                return
            self.log.info("%s", line)
            if is_progress:
                note_progress(f"{label}: {line}")

        with StageProcess((*guanxi_command(), *words), tell, environment or stage_environment()) as self._process:
            threading.Thread(target=_end_without_parent, args=(self._process, os.getppid()), daemon=True).start()
            status = self._process.wait()
        if status == 0:
            return list(self._process.stdout_lines)
        message = f"{label} ended with status {status}.\n{self._process.last_words()}"
        is_final = status in (GATE_CLOSED_STATUS, NO_RETRY_STATUS)
        raise AirflowFailException(message) if is_final else AirflowException(message)

    def on_kill(self) -> None:
        """End the command; `execute` then sees it end. Called in a signal handler, so it must not wait."""
        process: StageProcess | None = getattr(self, "_process", None)
        if process is not None:
            process.stop()


class OpenNightOperator(GuanxiOperator):
    """Decides the day once and opens the night.

    Returns the names of the company's sources, since Airflow maps tasks over a return value only. The rest of the
    answer of `guanxi open --json` is the XCom `night`.
    """

    def execute(self, context: Context) -> list[str]:
        run: Any = context["dag_run"]
        params = context["params"]
        as_of = resolve_as_of(
            given=params.get("as_of"),
            data_interval_end=run.data_interval_end,
            run_after=run.run_after,
            zone=business_timezone(),
        )
        run_id = params.get("run_id") or run.run_id
        words = open_arguments(run_id=run_id, as_of=as_of.isoformat(), company=params.get("company"))
        lines = self.run_guanxi(words, label=self.task_id)
        try:
            answer = json.loads(lines[-1])
            night = {key: answer[key] for key in ("run_id", "gen", "attempt", "fence", "as_of")}
            night["company"] = params.get("company")  # the folder that was asked for, not the company's id
            sources = [str(name) for name in answer["sources"]]
        except (IndexError, ValueError, KeyError, TypeError) as error:
            raise AirflowException("guanxi open did not answer with one line of JSON") from error
        context["task_instance"].xcom_push(key=NIGHT_KEY, value=night)
        return sources


class StageOperator(GuanxiOperator):
    """Runs a stage of the plan for the night that `night` (an XCom of the opening task) describes."""

    template_fields: Sequence[str] = ("night", "source")

    def __init__(self, *, stage: str, night: Any, source: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage = stage
        self.night = night
        self.source = source

    def execute(self, context: Context) -> None:
        stage = next(each for each in STAGES if each.name == self.stage)
        words = stage.arguments(
            run_id=self.night["run_id"],
            attempt=self.night["attempt"],
            fence=self.night["fence"],
            source=self.source,
            company=self.night["company"],
            is_last_try=is_last_try(context["task_instance"]),
        )
        if not self.source:
            self.run_guanxi(words, label=self.stage)
            return
        company = load_company(self.night["company"] or load_settings().company)
        environment = with_connection(stage_environment(), company.source(self.source))
        self.run_guanxi(words, label=f"{self.stage} {self.source}", environment=environment)


class GuanxiCommandOperator(GuanxiOperator):
    """Runs a `guanxi` command that belongs to no night."""

    def __init__(self, *, words: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = tuple(words)

    def execute(self, context: Context) -> None:  # noqa: ARG002 - the operator's interface
        self.run_guanxi(self.words, label=self.task_id)


def is_last_try(instance: Any) -> bool:
    """Say whether Airflow will not try the task again. A cleared task has its retries anew, as max_tries tells."""
    return bool(instance.try_number > instance.max_tries)


def _end_without_parent(process: StageProcess, parent: int) -> None:
    """End the command when the worker that watches this task is gone: its successor will run the stage again."""
    while process.is_running():
        if os.getppid() != parent:
            process.stop()
            return
        time.sleep(PARENT_LOOK_SECONDS)


def note_progress(line: str) -> None:
    """Append a line to the file that a caller of the night follows, if there is a caller."""
    file = os.environ.get(PROGRESS_VARIABLE)
    if file:
        with Path(file).open("a", encoding="utf-8") as progress:
            progress.write(f"{line}\n")
