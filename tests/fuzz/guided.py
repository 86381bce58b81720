"""Every target at once under atheris, which looks for inputs that reach new code: `python -m … RUNS FOLDER`.

The first byte chooses the target, so that one process and one start serve all of them.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # it comes without types

with atheris.instrument_imports(
    include=[
        "seedbox.domain",
        "seedbox.engine",
        "seedbox.web",
        "seedbox.services",
        "speed.domain",
        "wallet.chain",
        "wallet.domain",
        "wallet.signer",
    ]
):
    from seedbox.config.benches.fuzz import CORPUS
    from seedbox.config.benches.fuzz_targets import TARGETS

SEED = 20_261_124
MAX_INPUT_BYTES = 4_096
SLOW_S = 20  # of one input, on a busy machine
MEMORY_MIB = 2_048
# An engine's own threads would count as coverage.
CHOSEN = [target for target in TARGETS if target.name != "resume_taken_in"]


def read(data: bytes) -> None:
    """Let the target that the first byte names read the rest."""
    if not data:
        return
    target = CHOSEN[data[0] % len(CHOSEN)]
    try:
        target.read(data[1:])
    except target.refusals:
        return


def first_inputs(folder: Path) -> None:
    for number, target in enumerate(CHOSEN):
        for path in (CORPUS / target.name).iterdir():
            (folder / f"{target.name}-{path.name}").write_bytes(bytes([number]) + path.read_bytes())


def main() -> None:
    runs, folder = sys.argv[1], Path(sys.argv[2])
    first_inputs(folder)
    options = [
        f"-runs={runs}",
        f"-seed={SEED}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-timeout={SLOW_S}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-artifact_prefix={folder}/found-",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
