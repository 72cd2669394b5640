"""The process that opens a workbook: reads its name from standard input, limits itself, and answers in JSON.

python -P -m readygate_server.adapters.questionnaire.child
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from readygate_server.adapters.collectors import limits
from readygate_server.adapters.collectors.fences import Fence
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError
from readygate_server.adapters.questionnaire.cells import read_cells
from readygate_server.adapters.questionnaire.package import check_package
from readygate_server.adapters.questionnaire.reading import Reply, Task, decoded, encoded


def main() -> int:
    """Reads one workbook; the exit code is 0 whenever there is an answer."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    task = decoded(sys.stdin.buffer.read(), Task)
    Fence(network=False)
    limits.apply(task.limits)
    answers.write(encoded(reply_of(Path(task.path))))
    answers.close()
    return 0


def reply_of(path: Path) -> Reply:
    """Reads a workbook, and says what is wrong with it otherwise."""
    try:
        check_package(path)
        return Reply(returned=read_cells(path))
    except ArtefactError as error:
        return Reply(faults=error.faults[:100], is_limit=isinstance(error, ArtefactLimitError))
    except OSError as error:
        return Reply(problem=error.strerror or "it can not be read")
    except MemoryError:
        return Reply(problem="it takes too much memory", is_limit=True)
    except Exception as error:  # noqa: BLE001, of a file from anywhere a reader does anything
        return Reply(problem=f"the workbook is damaged ({type(error).__name__}); save it again as .xlsx")


if __name__ == "__main__":
    sys.exit(main())
